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
        let cpu = HostCPU.current()
        func machine(_ isa: ISA, _ compiler: String) -> Machine {
            Machine(
                isa: isa, precision: plan.target.precision, threads: threads, compiler: compiler,
                cpu: cpu)
        }
        let compilers = Set(records.map(\.machine.compiler))
        let possible = Set(plan.target.isas.flatMap { isa in compilers.map { machine(isa, $0) } })
        guard records.contains(where: { possible.contains($0.machine) }) else { return nil }
        let label = try await compiler().label
        var decisions = Decisions(of: plan)
        var (known, shapes) = (0, 0)
        for variant in plan.variants {
            let work = variant.tunable
            let kernels = records.kernels(for: work, of: plan, on: machine(variant.isa, label))
            known += kernels.count
            shapes += work.count
            for kernel in kernels { decisions.adopt(kernel, on: variant.isa) }
        }
        guard known > 0 else { return nil }
        return TunedPlan(
            plan: try plan.replanned(with: decisions), known: known, shapes: shapes)
    }
}
