import Foundation
import HiLoKit
import Planning
import Toolchain

/// Finds, on this machine, the tilings with which a library is fastest.
///
/// Candidates are kernels that the same generator writes beside those of the plan. Each is verified
/// against double precision before it is timed; rivals are timed by turns on weights as cold as in
/// a run; and the winners are kept only if the whole network is not slower with them.
public struct Tuner: Sendable {
    public struct Options: Sendable {
        public var effort: Effort
        /// Seconds for everything, with the time that building the library again will take.
        public var timeLimit: Double?
        public var threads: Int
        /// Images of one call.
        public var batch: Int

        public init(
            effort: Effort = .measure, timeLimit: Double? = nil,
            threads: Int = Machine.defaultThreads(), batch: Int = 1
        ) {
            self.effort = effort
            self.timeLimit = timeLimit
            self.threads = threads
            self.batch = batch
        }
    }

    public typealias Progress = @Sendable (TuningProgress) -> Void

    private let library: GeneratedLibrary
    private let compiler: Compiler
    private let options: Options

    /// - Parameter library: its folder is read and not changed.
    public init(_ library: GeneratedLibrary, compiler: Compiler, options: Options = Options()) {
        self.library = library
        self.compiler = compiler
        self.options = options
    }

    /// Searches. Cancelling the task leaves nothing behind.
    ///
    /// - Throws: `CheckpointError`, `LibraryError` when the library's weights are not its own;
    ///   `ToolchainError` when nothing can be built; `CancellationError`.
    public func tune(progress: Progress? = nil) async throws -> TuningResult {
        let full = library.plan
        let isa = library.best().isa
        guard let plan = full.only(isa) else {
            preconditionFailure("a library's best variant is one of its plan")
        }
        guard options.batch <= library.plan.target.maxBatch else {
            throw PlanError(
                "batch \(options.batch): the library takes 1 to \(library.plan.target.maxBatch)")
        }
        let model = try plan.replanned()
        guard options.effort != .estimate else {
            return TuningResult(
                plan: try full.adopting(model), choices: [], rejections: [], confirmation: nil,
                records: [],
                remarks: [])
        }
        let budget = TimeBudget(limit: options.timeLimit)
        _ = try PackedWeights(of: library)
        return try await withTemporaryFolder { folder in
            let workshop = try Workshop(folder: folder, compiler: compiler, plan: plan)
            let search = Search(
                plan: plan, model: model, weightsFile: library.weightsFile, workshop: workshop,
                machine: Machine(
                    isa: isa, precision: library.plan.target.precision,
                    threads: options.threads, compiler: compiler),
                options: options, budget: budget, progress: progress)
            var result = try await search.run()
            result.plan = try full.adopting(result.plan)
            return result
        }
    }
}
