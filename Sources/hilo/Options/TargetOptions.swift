import ArgumentParser
import HiLoKit

/// `--isa`: an instruction set, the best one of this machine, or all of its architecture.
struct ISAChoice: ExpressibleByArgument {
    private enum Choice {
        case native, all
        case one(ISA)
    }

    let name: String
    private let choice: Choice

    init?(argument: String) {
        name = argument
        switch argument {
        case "native": choice = .native
        case "all": choice = .all
        default:
            guard let isa = ISA(name: argument) else { return nil }
            choice = .one(isa)
        }
    }

    func isas(for precision: Precision) -> [ISA] {
        switch choice {
        case .native: [.native(for: precision)]
        case .all:
            ISA.sets(for: precision).filter {
                $0.architecture == nil || $0.architecture == .host
            }
        case .one(let isa): [isa]
        }
    }

    static let allValueStrings = ["native"] + ISA.known.map(\.name) + ["all"]
}

extension Precision: ExpressibleByArgument {}

/// The flags that say what a library is made for.
struct TargetOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Images that one call may hold. (default: 8)", valueName: "max"))
    var batch: Int?

    @Option(
        help: ArgumentHelp(
            "Instruction set of the kernels. May repeat: the library then holds kernels of each, and "
                + "runs the best that a CPU has. (default: native)", valueName: "isa"))
    var isa: [ISAChoice] = []

    @Option(
        help: ArgumentHelp(
            "What matrix products multiply: f32; bf16, which halves the weights and is faster on "
                + "AMD's CPUs with AVX512-BF16; or int8, integers of 8 bits where that is possible, which "
                + "needs --calibration. Sums and everything else stay f32. (default: f32)"))
    var precision: Precision?

    @Option(
        help: ArgumentHelp(
            "Weights of matrices where products multiply f32: f32, or bf16, half the file. "
                + "--precision f32-by-bf16 is the same. (default: f32)"))
    var weights: WeightType?

    enum WeightType: String, ExpressibleByArgument, CaseIterable { case f32, bf16 }

    /// Of both flags; nil where none is given.
    ///
    /// - Throws: `UsageError` when one contradicts the other.
    func wantedPrecision() throws -> Precision? {
        switch (precision, weights) {
        case (_, nil): precision
        case (nil, .f32), (.f32, .f32): .f32
        case (nil, .bf16), (.f32, .bf16), (.bf16Weights, .bf16): .bf16Weights
        case (.bf16, .bf16): .bf16
        case (.int8, .bf16):
            throw UsageError("--weights bf16, but --precision int8 has int8")
        case (let precision?, .f32):
            throw UsageError("--weights f32, but --precision \(precision.rawValue) has bf16")
        }
    }

    /// - Throws: `PlanError` for numbers out of range, `UsageError` for flags that contradict.
    func target() throws -> Target {
        let precision = try wantedPrecision() ?? .f32
        return try Target(
            isas: isa.isEmpty ? [.native(for: precision)] : isas(for: precision),
            precision: precision, maxBatch: batch ?? 8)
    }

    /// Each that is asked for once, the fastest last.
    private func isas(for precision: Precision) -> [ISA] {
        let wanted = Set(isa.flatMap { $0.isas(for: precision) })
        return ISA.known.filter { wanted.contains($0) }
    }

    /// The first flag that another target than `target` would need, with both values.
    func contradiction(of target: Target) throws -> String? {
        if let batch, batch != target.maxBatch {
            return "--batch \(batch), but it is for \(target.maxBatch)"
        }
        if !isa.isEmpty, isas(for: target.precision) != target.isas {
            return "--isa \(isa.map(\.name).joined(separator: " --isa ")), but it is for "
                + target.isas.map(\.name).joined(separator: ", ")
        }
        if let precision = try wantedPrecision(), precision != target.precision {
            return "--precision \(precision.rawValue), but it is for \(target.precision.rawValue)"
        }
        return nil
    }
}
