import ArgumentParser
import HiLoKit

struct BuildLibrary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Compiles a generated library and its harness.")

    @OptionGroup var library: LibraryArgument

    func run() async throws {
        let report = try await library.open().buildShowingProgress()
        try Console.print(report.products.map(\.path).joined(separator: "\n"))
        Console.hint("next: hilo verify \(library.folder)")
    }
}
