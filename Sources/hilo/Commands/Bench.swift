import ArgumentParser
import HiLoKit

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times a library, beside the peak of this machine.")

    @OptionGroup var library: LibraryArgument
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var resolution: ResolutionOption

    @Option(parsing: .unconditional, help: "Images of one call. (default: 1)")
    var batch: Int?

    @Option(parsing: .unconditional, help: "How long to measure. (default: 3)")
    var seconds: Double?

    @Flag(help: "Times each kernel too.")
    var profile = false

    @Flag(help: "Prints one JSON object.")
    var json = false

    func run() async throws {
        let opened = try library.open()
        let resolution = try resolution.choice(of: opened)
        try opened.checkBenchOptions(batch: batch, seconds: seconds)
        _ = try PackedWeights(of: opened)
        try await library.buildIfOutOfDate(opened)
        try Console.print(
            try await opened.benchmark(
                resolution: resolution, batch: batch, threads: threads.threads, seconds: seconds,
                profile: profile, json: json))
    }
}

extension GeneratedLibrary {
    /// - Throws: `UsageError` for flags that the library or the harness would refuse.
    func checkBenchOptions(batch: Int?, seconds: Double?) throws {
        let most = plan.target.maxBatch
        if let batch, !(1...most).contains(batch) {
            throw UsageError(
                "--batch is \(batch); the library takes 1 to \(most); "
                    + "generate one with a larger --batch for more")
        }
        if let seconds, !(seconds > 0 && seconds <= 86_400) {
            throw UsageError("--seconds is \(seconds); more than 0, at most a day is possible")
        }
    }
}
