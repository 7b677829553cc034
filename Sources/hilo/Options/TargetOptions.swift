import ArgumentParser
import HiLoKit

/// `--isa`: an instruction set, the best one of this machine, or all of its architecture.
struct ISAChoice: ExpressibleByArgument {
    let name: String
    let isas: [ISA]

    init?(argument: String) {
        name = argument
        switch argument {
        case "native": isas = [.native()]
        case "all":
            isas = ISA.all.filter { $0.architecture == nil || $0.architecture == .host }
        default:
            guard let isa = ISA(name: argument) else { return nil }
            isas = [isa]
        }
    }

    static let allValueStrings = ["native"] + ISA.all.map(\.name) + ["all"]
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

    @Option(help: "Numbers that the kernels compute with. (default: f32)")
    var precision: Precision?

    /// - Throws: `PlanError` for numbers out of range.
    func target() throws -> Target {
        try Target(
            isas: isa.isEmpty ? [.native()] : isas, precision: precision ?? .f32,
            maxBatch: batch ?? 8)
    }

    /// Each that is asked for once, the fastest last.
    private var isas: [ISA] {
        let wanted = Set(isa.flatMap(\.isas))
        return ISA.all.filter { wanted.contains($0) }
    }

    /// The first flag that another target than `target` would need, with both values.
    func contradiction(of target: Target) -> String? {
        if let batch, batch != target.maxBatch {
            return "--batch \(batch), but it is for \(target.maxBatch)"
        }
        if !isa.isEmpty, isas != target.isas {
            return "--isa \(isa.map(\.name).joined(separator: " --isa ")), but it is for "
                + target.isas.map(\.name).joined(separator: ", ")
        }
        if let precision, precision != target.precision {
            return "--precision \(precision.rawValue), but it is for \(target.precision.rawValue)"
        }
        return nil
    }
}
