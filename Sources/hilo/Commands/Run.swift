import ArgumentParser
import HiLoKit

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a library on an image or an array.",
        discussion: """
            An array (.npy) is float32 of N x 3 x height x width, already normalised, or uint8 of \
            height x width x 3, which is prepared like an image. The library is built first if \
            that has not been done.
            """)

    @OptionGroup var library: LibraryArgument
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var resolution: ResolutionOption

    @Option(help: ArgumentHelp("A PNG, a JPEG or an array.", valueName: "file"))
    var input: String

    @Option(help: ArgumentHelp("Gets the outputs of the network.", valueName: "y.npy"))
    var output: String?

    @Option(help: ArgumentHelp("Names of the classes, one a line.", valueName: "file"))
    var labels: String?

    @Option(parsing: .unconditional, help: "Classes to print, the most probable first.")
    var top = 5

    @Flag(help: "Prints one JSON object.")
    var json = false

    func run() async throws {
        guard top >= 1 else { throw UsageError("--top is \(top); at least 1 class is needed") }
        let opened = try library.open()
        try resolution.check(opened)
        _ = try PackedWeights(of: opened)
        let names = try labels.map { try Labels.read($0, for: opened.plan.network) } ?? []
        let array = try NetworkInput(input, of: opened.plan.network)
        try await library.buildIfNeeded(opened)
        let result = try await array.run(on: opened, output: output, threads: threads.threads)
        let report = try RunReport(
            result, input: input, of: opened.plan.network, labels: names, top: top)
        if json {
            try Console.print(json: report)
        } else {
            try Console.print(report.text)
        }
    }
}
