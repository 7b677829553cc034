import ArgumentParser
import FileIO
import Foundation
import HiLoKit

struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes the C library of a network, with its weights, into a folder.")

    @OptionGroup var options: PlanOptions
    @OptionGroup var calibration: CalibrationOption

    @Option(
        help: ArgumentHelp(
            "A new or empty folder, or a generated library, which is replaced unless files in it "
                + "were changed or added.", valueName: "dir"))
    var output: String

    @Flag(
        help: "Replaces a generated library even if files in it were changed or added.")
    var force = false

    func run() async throws {
        try await Interruption.endingProgram { try await generate() }
    }

    private func generate() async throws {
        // What can be known before anything is read.
        if options.plan == nil || options.target.precision != nil {
            try calibration.check(
                options.target.wantedPrecision() ?? .f32, hasPlan: options.plan != nil)
        }
        let images = try calibration.source()
        let resolved = try await options.resolve()
        try calibration.check(resolved.plan.target.precision, hasPlan: options.plan != nil)
        let source = source(resolved.checkpoint)
        let matched = try source.matched(resolved.plan.network)
        report(matched)
        report(resolved.plan.target)
        let calibrated = try await Calibrated(
            resolved.plan, matched, images, options: options, calibration)
        let library = try LibraryGenerator(
            calibrated.plan, matched, origin: source.label, calibration: calibrated.calibration
        ).write(to: URL(fileURLWithPath: output), force: force)
        try report(library, calibrated.calibration)
    }

    private func source(_ checkpoint: Checkpoint?) -> WeightSource {
        if let checkpoint { return .checkpoint(checkpoint) }
        if options.seed == nil {
            Console.note(
                "neither --checkpoint nor --seed is given: the weights are the reproducible "
                    + "values of seed 0, not trained")
        }
        return .seed(options.seed ?? 0)
    }

    private func report(_ matched: WeightSource.Matched) {
        if !matched.unused.isEmpty {
            Console.note(
                "\(matched.unused.count) tensors of the checkpoint are not used: "
                    + list(matched.unused))
        }
        if !matched.absent.isEmpty {
            Console.note(
                "the checkpoint lacks norms of the feature maps, which then only centre and scale: "
                    + list(matched.absent))
        }
    }

    private func report(_ target: Target) {
        reportMissingInstructions(target)
        reportSlowInstructions(target)
    }

    /// Where no variant of the library has what the precision is for.
    private func reportMissingInstructions(_ target: Target) {
        let precision = target.precision
        guard !target.isas.contains(where: { precision.hasInstructions(in: $0) }) else { return }
        let others = ISA.known.filter {
            precision.hasInstructions(in: $0)
                && (target.architecture ?? .host) == $0.architecture
        }
        Console.note(
            "no instructions for \(precision.rawValue) in \(target.isas.map(\.name).joined(separator: ", ")): "
                + "the products are the same, but "
                + (precision == .bf16 ? "f32 is faster; " : "they take longer; ")
                + others.map(\.name).joined(separator: ", ") + " have them"
                + (precision == .bf16 && others.contains(.avx512bf16) && Self.isSlowInBF16
                    ? "; this CPU is slower still with avx512bf16, as Intel's are without AMX" : "")
        )
    }

    /// Where this CPU would pass kernels over that the library has nothing instead of.
    private func reportSlowInstructions(_ target: Target) {
        let isas = target.isas
        guard [.bf16, .int8].contains(target.precision), isas.contains(.avx512bf16),
            Self.isSlowInBF16, PassedOver(isas, for: target.precision) == nil
        else { return }
        Console.note(
            "this CPU multiplies words of bf16 at half the rate of floats, as Intel's do without AMX: "
                + "with --isa \(ISA.native(for: target.precision).name) as well the library is faster here"
        )
    }

    /// Whether this CPU has instructions for bf16 and passes them over.
    private static var isSlowInBF16: Bool {
        ISA.avx512bf16.isAvailable() && !ISA.native(for: .bf16).multipliesBF16
    }

    private func list(_ names: [String]) -> String {
        let most = 8
        return names.prefix(most).map(\.printable).joined(separator: ", ")
            + (names.count > most ? ", … (\(names.count - most) more)" : "")
    }

    private func report(_ library: GeneratedLibrary, _ calibration: Calibration?) throws {
        let facts = try FileManager.default.attributesOfItem(atPath: library.weightsFile.path)
        let bytes = (facts[.size] as? NSNumber)?.intValue ?? 0
        try Console.print(
            """
            folder: \(output)
            network: \(library.plan.network.summary)
            isa: \(library.plan.target.isas.map(\.name).joined(separator: " "))
            kernels: \(library.plan.variants.reduce(0) { $0 + $1.kernels.count })
            weights: \(bytes) bytes
            """
                + (calibration?.decisions ?? []).map { "\n\($0)" }.joined())
        Console.hint("next: hilo build \(output)")
    }
}
