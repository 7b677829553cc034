import ArgumentParser
import FileIO
import Foundation
import HiLoKit
import Tuning

extension Effort: ExpressibleByArgument {}

struct Tune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds the fastest tilings of a library on this machine.",
        discussion: """
            Candidates are built, verified, timed by turns, and confirmed in the whole network. The \
            library is then replaced by one with the same weights, and built. What was measured is \
            kept in $HILO_CACHE, $XDG_CACHE_HOME/hilo or ~/.cache/hilo, where 'hilo generate' finds \
            it. Until the end, Ctrl-C leaves the library as it was.
            """)

    @Argument(help: ArgumentHelp("A folder that 'hilo generate' wrote.", valueName: "dir"))
    var folder: String?

    @Option(help: "The cost model alone, promising tilings, or all there are.")
    var effort: Effort = .measure

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seconds for everything. (default: none)", valueName: "s"))
    var timeLimit: Double?

    @OptionGroup var threads: ThreadsOption

    @Option(parsing: .unconditional, help: "Images of one call. (default: 1)")
    var batch: Int?

    @OptionGroup(title: "Records, without a folder") var records: RecordOptions

    @Flag(help: "Prints one JSON object.")
    var json = false

    func validate() throws {
        guard (folder != nil) != records.isGiven else {
            throw ValidationError(
                "give a generated library to tune, or one of --export, --import and --merge")
        }
        if let timeLimit, !(timeLimit > 0 && timeLimit <= 1e7) {
            throw ValidationError("--time-limit is \(timeLimit); more than 0 seconds are needed")
        }
    }

    func run() async throws {
        let database = TuningDatabase(warn: Console.note)
        guard let folder else { return try records.perform(on: database) }
        do {
            try await Interruption.guarding { try await tune(folder, database) }
        } catch is Interruption.Interrupted {
            Console.note("interrupted")
            Foundation.exit(130)
        }
    }

    private func tune(_ folder: String, _ database: TuningDatabase) async throws {
        let library = try GeneratedLibrary(folder: URL(fileURLWithPath: folder))
        try check(library)
        let result = try await search(library)
        for remark in result.remarks { Console.note(remark) }
        do {
            if !result.records.isEmpty { try database.add(result.records) }
        } catch let error as FileError {
            Console.note("the measurements are not kept: \(error)")
        }
        try _Concurrency.Task.checkCancellation()
        let tuned =
            result.plan == library.plan
            ? library
            : try LibraryGenerator(result.plan, keeping: PackedWeights(of: library))
                .write(to: library.folder)
        // Also of one that stays as it is: an earlier tune may have been killed while it built what it had found.
        try await tuned.buildShowingProgress()
        try TuningReport(result, wasChanged: result.plan != library.plan).print(json: json)
    }

    private func check(_ library: GeneratedLibrary) throws {
        let most = library.plan.target.maxBatch
        if let batch, !(1...most).contains(batch) {
            throw UsageError("--batch is \(batch); the library takes 1 to \(most)")
        }
        guard let isa = library.plan.target.isas.first, isa.isAvailable() else {
            throw UsageError(
                "\(library.folder.path) is for \(library.plan.target.isas[0].title), which this CPU "
                    + "lacks; tune it where it will run")
        }
        try library.checkReplaceable()
    }

    private func search(_ library: GeneratedLibrary) async throws -> TuningResult {
        let options = Tuner.Options(
            effort: effort, timeLimit: timeLimit,
            threads: threads.threads ?? Machine.defaultThreads(), batch: batch ?? 1)
        let tuner = Tuner(library, compiler: try await .find(), options: options)
        return try await ProgressLine.during { line in
            try await tuner.tune { progress in
                let share = Double(progress.done) / Double(max(progress.total, 1))
                let best = progress.best.map { ", best \(decimal($0, 2))x" } ?? ""
                line.show(
                    progress.done, of: progress.total,
                    "\(bar(share, cells: 16)) \(progress.stage)\(best)")
            }
        }
    }
}
