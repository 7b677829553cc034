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

/// `--resolution` of commands on a library.
struct ResolutionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "One that the library holds. (default: its first)", valueName: "HxW"))
    var resolution: String?

    /// The resolution that is meant.
    ///
    /// - Throws: `UsageError` when the library does not hold it.
    func choice(of library: GeneratedLibrary) throws -> Resolution {
        let held = library.plan.resolutions
        guard let resolution else { return held[0] }
        let asked = try Resolution(parsing: resolution)
        guard held.contains(asked) else {
            throw UsageError(
                "--resolution \(asked): the library is for "
                    + held.map(\.description).joined(separator: ", ")
                    + " only; generate one with --resolution \(asked)")
        }
        return asked
    }

    /// The network at that resolution.
    func network(of library: GeneratedLibrary) throws -> Network {
        try library.plan.network.at(choice(of: library))
    }
}

/// `--threads`.
struct ThreadsOption: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "Threads to compute with. (default: OMP_NUM_THREADS, or all processors)")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...4096).contains(threads) {
            throw ValidationError("--threads is \(threads); 1 to 4096 are possible")
        }
    }
}

extension GeneratedLibrary {
    /// Compiles with the first compiler that works.
    @discardableResult
    func buildShowingProgress() async throws -> BuildReport {
        let compiler = try await Compiler.find()
        let report = try await ProgressLine.during { line in
            try await build(with: compiler) { line.show($0, of: $1, $2) }
        }
        if !report.diagnostics.isEmpty {
            Console.note("the compiler warned:\n\(report.diagnostics)")
        }
        return report
    }
}
