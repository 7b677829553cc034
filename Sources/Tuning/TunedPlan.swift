import HiLoKit
import Kernels
import Machines
import Planning
import Toolchain

extension TuningDatabase {
    /// A plan as tuning on this machine would have it.
    public struct TunedPlan: Sendable {
        public let plan: Plan
        /// Shapes with a record, and shapes in all.
        public let known, shapes: Int
    }

    /// Puts what was measured on this very machine, with this compiler, into a plan.
    ///
    /// - Parameters:
    ///   - threads: that the library will be used with.
    ///   - compiler: asked for only when there are records of this processor.
    /// - Returns: nil when nothing is known.
    /// - Throws: `FileError` when the records cannot be read; what `compiler` throws.
    public func tuned(
        _ plan: Plan, threads: Int = Machine.defaultThreads(),
        compiler: () async throws -> Compiler
    ) async throws -> TunedPlan? {
        let records = try records()
        guard !records.isEmpty else { return nil }
        var decisions = Decisions(of: plan)
        var known = 0
        for variant in plan.variants {
            func machine(_ compiler: String) -> Machine {
                Machine(
                    isa: variant.isa, precision: plan.target.precision, threads: threads,
                    compilerName: compiler)
            }
            let candidates = Set(records.map(\.machine.compiler)).map(machine)
            guard records.contains(where: { candidates.contains($0.machine) }) else { continue }
            let kernels = records.kernels(
                for: variant, of: plan, on: machine(try await compiler().label))
            known += kernels.count
            for kernel in kernels { decisions.adopt(kernel, on: variant.isa) }
        }
        guard known > 0 else { return nil }
        return TunedPlan(
            plan: try plan.replanned(with: decisions), known: known,
            shapes: plan.variants.reduce(0) { $0 + $1.tunable.count })
    }
}
