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
        let variant = plan.variants[0]
        let isa = variant.isa
        let records = try records()
        let candidates = Set(records.map(\.machine.compiler)).map {
            Machine(
                isa: isa, precision: plan.target.precision, threads: threads, compilerName: $0)
        }
        guard records.contains(where: { candidates.contains($0.machine) }) else { return nil }
        let machine = Machine(
            isa: isa, precision: plan.target.precision, threads: threads,
            compiler: try await compiler())
        let kernels = records.kernels(for: variant, of: plan, on: machine)
        guard !kernels.isEmpty else { return nil }
        var decisions = Decisions(of: plan)
        for kernel in kernels { decisions.adopt(kernel, on: isa) }
        return TunedPlan(
            plan: try plan.replanned(with: decisions),
            known: kernels.count, shapes: variant.tunable.count)
    }
}
