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
        guard options.batch <= library.plan.target.maxBatch else {
            throw PlanError(
                "batch \(options.batch): the library takes 1 to \(library.plan.target.maxBatch)")
        }
        let model = try library.plan.replanned()
        let isa = library.plan.variants[0].isa
        guard options.effort != .estimate else {
            return TuningResult(
                plan: model, choices: [], rejections: [], confirmation: nil, records: [],
                remarks: [])
        }
        let budget = TimeBudget(limit: options.timeLimit)
        _ = try PackedWeights(of: library)
        return try await withTemporaryFolder { folder in
            let workshop = try Workshop(folder: folder, compiler: compiler, plan: library.plan)
            let search = Search(
                plan: library.plan, model: model, isa: isa,
                weightsFile: library.weightsFile, folder: folder, workshop: workshop,
                machine: Machine(
                    isa: isa, precision: library.plan.target.precision,
                    threads: options.threads, compiler: compiler),
                options: options, budget: budget, progress: progress)
            return try await search.run()
        }
    }
}
