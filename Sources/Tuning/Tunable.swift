import Kernels
import Machines
import Planning

extension Variant {
    /// What can be computed in several ways, that with the most work of all passes first.
    var tunable: [Computation] {
        var work: [Computation: Int] = [:]
        var found: [Computation] = []
        for step in passes.flatMap(\.steps) {
            let computation = kernels[step.kernel].computation
            guard computation.isTunable else { continue }
            if work[computation] == nil { found.append(computation) }
            work[computation, default: 0] += computation.macs
        }
        let order = found.indices.sorted {
            (-work[found[$0], default: 0], $0) < (-work[found[$1], default: 0], $1)
        }
        return order.map { found[$0] }
    }

    /// The kernel that computes it; nil when there is none.
    func kernel(for computation: Computation) -> Kernel? {
        kernels.first { $0.computation == computation }
    }

    /// Steps of all passes that call `kernel`.
    func uses(of kernel: Kernel) -> Int {
        passes.reduce(0) { sum, pass in
            sum + pass.steps.count { kernels[$0.kernel] == kernel }
        }
    }
}

extension Computation {
    /// The most promising kernels: first those that must be compared, which are kept whatever the
    /// limit, then the others.
    ///
    /// - Parameter compulsory: the choices of plan and planner.
    func candidates(_ setting: Setting, limit: Int, compulsory: [Kernel]) -> [Kernel] {
        var chosen: [Kernel] = []
        for kernel in compulsory where !chosen.contains(kernel) { chosen.append(kernel) }
        let required = Set(chosen)
        let others = kernels(setting).filter { !required.contains($0) }
        return chosen + others.prefix(max(0, limit - chosen.count))
    }
}

extension Plan {
    /// This plan with the schedules that `other` has for its instruction sets.
    func adopting(_ other: Plan) throws -> Plan {
        var decisions = Decisions(of: self)
        for variant in other.variants { decisions.adopt(variant) }
        return try replanned(with: decisions)
    }
}
