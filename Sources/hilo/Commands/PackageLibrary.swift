import ArgumentParser
import Foundation
import HiLoKit
import Packaging

struct PackageLibrary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "package",
        abstract: "Makes something of a library to install or to depend on elsewhere.",
        discussion: """
            --wheel: a Python wheel with the shared library, its weights and a typed module, which needs \
            NumPy alone: NAME-VERSION-py3-none-PLATFORM.whl, where PLATFORM says which glibc it runs on. \
            --tar: both libraries, headers, weights, and what CMake and pkg-config find them by, as \
            'cmake --install' lays them out, to be unpacked anywhere: NAME-VERSION-PLATFORM.tar.gz. \
            --swift: a Swift package, the folder NAME-swift with the C sources as a target, a module NAME and \
            the weights as its resources; packages depend on it by its path or from where you publish it. \
            The library of a wheel is built first if that has not been done since its sources changed; \
            CMake builds that of an archive anew, with threads of its own.
            """)

    @OptionGroup var library: LibraryArgument

    @Flag(help: "Makes a Python wheel.")
    var wheel = false

    @Flag(help: "Makes an archive of an installation.")
    var tar = false

    @Flag(help: "Makes a Swift package.")
    var swift = false

    @Option(
        help: ArgumentHelp(
            "Gets the file or folder. (default: the current folder)", valueName: "folder"))
    var output = "."

    @Option(
        help: ArgumentHelp("Names of the classes, one a line, to take along.", valueName: "file"))
    var labels: String?

    @Flag(help: "Replaces a Swift package even where files of it were changed or added.")
    var force = false

    @Flag(help: "Prints one JSON object.")
    var json = false

    func validate() throws {
        guard [wheel, tar, swift].count(where: { $0 }) == 1 else {
            throw ValidationError(
                "one of --wheel, a Python wheel, --tar, an archive of an installation, and --swift, a Swift "
                    + "package, is needed")
        }
        if force, !swift {
            throw ValidationError("--force: other files are replaced anyway; leave it out")
        }
    }

    func run() async throws {
        // What is made goes into temporary folders, which must not stay.
        try await Interruption.endingProgram { try await package() }
    }

    private func package() async throws {
        let opened = try library.open()
        let report = try await write(opened)
        if let limit = report.limit {
            Console.note(
                "\(report.path): runs on systems like this one, and perhaps on no others: \(limit)")
        }
        guard !json else { return try Console.print(json: report) }
        try Console.print(report.path)
        if wheel { Console.hint("next: python3 -m pip install \(report.path)") }
        if swift { Console.hint("next: .package(path: \"\(report.path)\") in a Package.swift") }
    }

    private func write(_ opened: GeneratedLibrary) async throws -> PackageReport {
        let names = try labels.map { try Labels.read($0, for: opened.plan.network) } ?? []
        if wheel { return try await writeWheel(opened, names) }
        return try await swift
            ? writeSwiftPackage(opened, names) : writeArchive(opened, names)
    }

    private func writeSwiftPackage(
        _ opened: GeneratedLibrary, _ names: [String]
    ) throws -> PackageReport {
        let package = try SwiftPackage(of: opened, labels: names)
        _ = try PackedWeights(of: opened)
        return try package.write(to: folder(), isForced: force)
    }

    private func writeWheel(
        _ opened: GeneratedLibrary, _ names: [String]
    ) async throws -> PackageReport {
        let wheel = try await Wheel(of: opened, labels: names)
        _ = try PackedWeights(of: opened)
        try await library.buildIfOutOfDate(opened)
        return try await wheel.write(to: folder())
    }

    private func writeArchive(
        _ opened: GeneratedLibrary, _ names: [String]
    ) async throws -> PackageReport {
        let archive = try Tarball(of: opened, labels: names)
        _ = try PackedWeights(of: opened)
        let compiler = try await Compiler.find()
        return try await archive.write(to: folder(), with: compiler)
    }

    private func folder() throws -> URL {
        let folder = URL(fileURLWithPath: output)
        try makeFolder(folder)
        return folder
    }
}
