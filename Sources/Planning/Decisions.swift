import Kernels
import Machines

/// Schedules that were settled otherwise than by a family's best guess: by the tuner, or by a plan from
/// a file.
public struct Decisions: Sendable, Equatable {
    private var kernels: [ISA: [Computation: Kernel]] = [:]
    /// What is computed by them wherever its operands lie: a node's match is chosen before its
    /// operands have places.
    private var decided: [ISA: Set<Computation>] = [:]
    /// Whether what is not among them is not to be fused either.
    private var isComplete = false

    public init() {}

    /// The decisions that a plan holds.
    public init(of plan: Plan) {
        isComplete = true
        for variant in plan.variants {
            for kernel in variant.kernels { adopt(kernel, on: variant.isa) }
        }
    }

    init(_ kernels: [ISA: [Kernel]]) {
        isComplete = true
        for (isa, kernels) in kernels {
            for kernel in kernels { adopt(kernel, on: isa) }
        }
    }

    /// Decides that what `kernel` computes is computed by it.
    public mutating func adopt(_ kernel: Kernel, on isa: ISA) {
        kernels[isa, default: [:]][kernel.computation] = kernel
        decided[isa, default: []].insert(kernel.computation.unplaced)
    }

    /// Decides for the schedules of a variant, and for none else on its instruction set.
    public mutating func adopt(_ variant: Variant) {
        kernels[variant.isa] = [:]
        decided[variant.isa] = []
        for kernel in variant.kernels { adopt(kernel, on: variant.isa) }
    }

    subscript(computation: Computation, isa: ISA) -> Kernel? { kernels[isa]?[computation] }

    /// Which of several matches of a node is taken: one with a decision; without any the first that has
    /// a schedule, or, when the decisions are complete, the one that fuses least.
    func choice(of matches: [AnyMatch], _ setting: Setting) -> AnyMatch? {
        let isa = setting.isa
        let settled = matches.first { decided[isa]?.contains($0.computation.unplaced) == true }
        if let settled { return settled }
        return isComplete
            ? matches.last : matches.first { $0.computation.best(setting) != nil }
    }
}
