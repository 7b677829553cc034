import ArgumentParser
import Foundation
import HiLoKit

/// The folder of a generated library.
struct LibraryArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("A folder that 'hilo generate' wrote.", valueName: "dir"))
    var folder: String

    func open() throws -> GeneratedLibrary {
        try GeneratedLibrary(folder: URL(fileURLWithPath: folder))
    }

    /// Builds the library unless that has been done.
    func buildIfNeeded(_ library: GeneratedLibrary) async throws {
        guard !library.isBuilt else { return }
        Console.note("\(folder) is not built yet; building it")
        try await library.buildShowingProgress()
    }
}
