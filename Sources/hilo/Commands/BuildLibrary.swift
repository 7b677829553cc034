import ArgumentParser
import HiLoKit

extension Team: ExpressibleByArgument {}

struct BuildLibrary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Compiles a generated library and its harness.")

    @OptionGroup var library: LibraryArgument

    @Option(
        help: """
            Who runs the library's threads: threads, of its own, which sleep between runs; openmp, the \
            compiler's runtime; or none, and the caller's thread runs alone. (default: what the last \
            build chose, at first threads)
            """)
    var team: Team?

    func run() async throws {
        let opened = try library.open()
        if opened.isPlanChanged {
            Console.note(
                "\(library.folder): plan.json was changed after the sources were generated, which it "
                    + "may no longer match; generate the library again with "
                    + "--plan \(library.folder)/plan.json, or restore the file")
        }
        let report = try await opened.buildShowingProgress(team: team)
        try Console.print(report.products.map(\.path).joined(separator: "\n"))
        Console.hint("next: hilo verify \(library.folder)")
    }
}
