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

    /// Builds the library unless that has been done since its sources last changed.
    func buildIfOutOfDate(_ library: GeneratedLibrary) async throws {
        if !library.isBuilt {
            Console.note("\(folder) is not built yet; building it")
        } else if let source = library.sourceChangedSinceBuild {
            Console.note("\(folder): \(source) was changed since it was built; building it again")
        } else {
            return
        }
        try await library.buildShowingProgress()
    }
}
