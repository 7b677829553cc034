import ArgumentParser
import FileIO
import Foundation
import HiLoKit

struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes an HTML page about a library on this machine.",
        discussion: """
            Roofline, measured and predicted time of every kernel and stage, the memory plan, and \
            the planner's decisions. The page needs nothing but itself. The library is built first \
            if that has not been done.
            """)

    @OptionGroup var library: LibraryArgument
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var resolution: ResolutionOption

    @Option(
        help: ArgumentHelp(
            "Gets the page. (default: report.html in the folder)", valueName: "file.html"))
    var output: String?

    @Option(parsing: .unconditional, help: "Images of one call. (default: 1)")
    var batch: Int?

    @Option(parsing: .unconditional, help: "How long to measure. (default: 3)")
    var seconds: Double?

    func run() async throws {
        let opened = try library.open()
        try opened.checkBenchOptions(batch: batch, seconds: seconds)
        let asked = try resolution.choice(of: opened)
        let best = opened.bestPass(at: asked)
        let pass = PassOfPlan(opened.plan, best.variant, best.pass)
        let path = try destination(in: opened)
        _ = try PackedWeights(of: opened)
        try await library.buildIfOutOfDate(opened)
        let profile = try await opened.profile(
            resolution: asked, batch: batch, threads: threads.threads,
            seconds: seconds)
        let machine = await PredictedMachine(pass.variant.isa, threads: profile.threads).model
        let page = ReportPage(
            Measurements(pass, profile, cpu: .current(), machine: machine))
        try write(try page.html(), to: path)
        try Console.print(path)
    }

    /// - Throws: `UsageError` for a name that is no page's; `OutputError` when something else than
    ///   a report stands where nobody asked to write.
    private func destination(in library: GeneratedLibrary) throws -> String {
        if let output {
            guard output.lowercased().hasSuffix(".html") else {
                throw UsageError("--output \(output): expected the name of a page, FILE.html")
            }
            return output
        }
        let path = library.folder.appending(path: "report.html").path
        guard FileManager.default.fileExists(atPath: path) else { return path }
        let start = (try? String(contentsOfFile: path, encoding: .utf8))?.prefix(1000) ?? ""
        guard start.contains(ReportPage.marker) else {
            throw OutputError(
                "\(path): exists and is no report; move it away, or name the page by --output")
        }
        return path
    }

    private func write(_ page: String, to path: String) throws {
        do {
            try writeAtomically(page.utf8, to: path)
        } catch let error as FileError {
            throw OutputError("\(error)")
        }
    }
}
