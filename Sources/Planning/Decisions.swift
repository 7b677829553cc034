import Kernels
import Machines

/// Schedules that were settled otherwise than by a family's best guess: by the tuner, or by a plan from
/// a file.
public struct Decisions: Sendable, Equatable {
    private var kernels: [ISA: [Computation: Kernel]] = [:]
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
    }

    /// Decides for the schedules of a variant, and for none else on its instruction set.
    public mutating func adopt(_ variant: Variant) {
        kernels[variant.isa] = [:]
        for kernel in variant.kernels { adopt(kernel, on: variant.isa) }
    }

    subscript(computation: Computation, isa: ISA) -> Kernel? { kernels[isa]?[computation] }

    /// Which of several matches of a node is taken: one with a decision; without any the first that has
    /// a schedule, or, when the decisions are complete, the one that fuses least.
    func choice(of matches: [AnyMatch], _ setting: Setting) -> AnyMatch? {
        if let decided = matches.first(where: { self[$0.computation, setting.isa] != nil }) {
            return decided
        }
        return isComplete
            ? matches.last : matches.first { $0.computation.best(setting) != nil }
    }
}
