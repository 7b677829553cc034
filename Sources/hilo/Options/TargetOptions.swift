import ArgumentParser
import HiLoKit

/// `--isa`: an instruction set, or the best one of this machine.
struct ISAChoice: ExpressibleByArgument {
    let name: String
    let isa: ISA

    init?(argument: String) {
        guard let isa = argument == "native" ? .native() : ISA(name: argument) else { return nil }
        name = argument
        self.isa = isa
    }

    static let allValueStrings = ["native"] + ISA.all.map(\.name)
}

extension Precision: ExpressibleByArgument {}

/// The flags that say what a library is made for.
struct TargetOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Images that one call may hold. (default: 8)", valueName: "max"))
    var batch: Int?

    @Option(help: "Instruction set of the kernels. (default: native)")
    var isa: ISAChoice?

    @Option(help: "Numbers that the kernels compute with. (default: f32)")
    var precision: Precision?

    /// - Throws: `PlanError` for numbers out of range.
    func target() throws -> Target {
        try Target(
            isa: isa?.isa ?? .native(), precision: precision ?? .f32, maxBatch: batch ?? 8)
    }

    /// The first flag that another target than `target` would need, with both values.
    func contradiction(of target: Target) -> String? {
        if let batch, batch != target.maxBatch {
            return "--batch \(batch), but it is for \(target.maxBatch)"
        }
        if let isa, [isa.isa] != target.isas {
            return "--isa \(isa.name), but it is for "
                + target.isas.map(\.name).joined(separator: ", ")
        }
        if let precision, precision != target.precision {
            return "--precision \(precision.rawValue), but it is for \(target.precision.rawValue)"
        }
        return nil
    }
}
