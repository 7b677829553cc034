import ArgumentParser
import Foundation
import HiLoKit
import Packaging

struct PackageLibrary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "package", abstract: "Makes a file of a library to install elsewhere.",
        discussion: """
            --wheel: a Python wheel with the shared library, its weights and a typed module, which needs \
            NumPy alone: NAME-VERSION-py3-none-PLATFORM.whl, where PLATFORM says which glibc it runs on. \
            The library is built first if that has not been done since its sources changed.
            """)

    @OptionGroup var library: LibraryArgument

    @Flag(help: "Makes a Python wheel.")
    var wheel = false

    @Option(
        help: ArgumentHelp("Gets the file. (default: the current folder)", valueName: "folder"))
    var output = "."

    @Option(
        help: ArgumentHelp("Names of the classes, one a line, to take along.", valueName: "file"))
    var labels: String?

    @Flag(help: "Prints one JSON object.")
    var json = false

    func validate() throws {
        guard wheel else {
            throw ValidationError("what is to be made of the library? --wheel makes a Python wheel")
        }
    }

    func run() async throws {
        let opened = try library.open()
        let names = try labels.map { try Labels.read($0, for: opened.plan.network) } ?? []
        let wheel = try await Wheel(of: opened, labels: names)
        _ = try PackedWeights(of: opened)
        try await library.buildIfOutOfDate(opened)
        let folder = URL(fileURLWithPath: output)
        try makeFolder(folder)
        let report = try await wheel.write(to: folder)
        if let limit = report.limit {
            Console.note(
                "\(report.path): runs on systems like this one, but is no manylinux wheel: \(limit)"
            )
        }
        guard !json else { return try Console.print(json: report) }
        try Console.print(report.path)
        Console.hint("next: python3 -m pip install \(report.path)")
    }
}
