import ArgumentParser
import Foundation
import HiLoKit

struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes the C library of a network, with its weights, into a folder.")

    @OptionGroup var options: PlanOptions

    @Option(
        help: ArgumentHelp(
            "A new or empty folder, or a generated library, which is replaced.", valueName: "dir"))
    var output: String

    func run() async throws {
        let resolved = try await options.resolve()
        let library = try LibraryGenerator(resolved.plan, source(resolved.checkpoint))
            .write(to: URL(fileURLWithPath: output))
        try report(library)
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

    private func report(_ library: GeneratedLibrary) throws {
        let facts = try FileManager.default.attributesOfItem(atPath: library.weightsFile.path)
        let bytes = (facts[.size] as? NSNumber)?.intValue ?? 0
        try Console.print(
            """
            folder: \(output)
            network: \(library.plan.network.summary)
            isa: \(library.plan.target.isa.rawValue)
            kernels: \(library.plan.kernels.count)
            weights: \(bytes) bytes
            """)
        Console.hint("next: hilo build \(output)")
    }
}
