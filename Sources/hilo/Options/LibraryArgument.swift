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
        help: ArgumentHelp("Must be the resolution of the library.", valueName: "HxW"))
    var resolution: String?

    /// - Throws: `UsageError` when the library is for another resolution.
    func check(_ library: GeneratedLibrary) throws {
        guard let resolution else { return }
        let asked = try Resolution(parsing: resolution)
        let found =
            switch library.plan.network {
            case .litv2(let network): network.resolution
            case .hilo(let layer): layer.map
            }
        guard asked == found else {
            throw UsageError(
                "--resolution \(asked): the library is for \(found) only; "
                    + "generate one with --resolution \(asked)")
        }
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
