import Foundation
import Testing

private let tests = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
private let templates = tests.deletingLastPathComponent().appending(path: "Templates/c/preprocess")

/// A C compiler and the options of one build.
struct CompilerOptions: Sendable, CustomTestStringConvertible {
    let compiler: String
    let options: [String]

    var testDescription: String { ([compiler] + options).joined(separator: " ") }

    static let warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror"]

    /// What finds mistakes, and what a generated library is built with. Where the CPU has a fused
    /// multiply-add, `-march=native` lets the compiler use it, which must not change a bit.
    static let all = ["gcc", "clang"].filter(isInstalled).flatMap { compiler in
        [
            ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
            ["-O3", "-march=native", "-std=gnu11"],
        ].filter { compiler == "gcc" || !$0.contains("-g") }
            .map { CompilerOptions(compiler: compiler, options: warnings + $0) }
    }

    private static func isInstalled(_ compiler: String) -> Bool {
        (try? execute("/usr/bin/env", [compiler, "--version"])) != nil
    }
}

/// The template's C, rendered and compiled with one of the fixture's programs in a folder of its
/// own.
final class PreprocessLibrary {
    private let folder: URL
    private let program: URL

    /// - Parameter template: its name, which is that of the fixture's folder too.
    init(
        program source: String, template: String = "preprocess", with compiler: CompilerOptions
    ) throws {
        folder = URL(filePath: NSTemporaryDirectory())
            .appending(path: "hilo-preprocess-" + UUID().uuidString)
        program = folder.appending(path: "program")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for suffix in ["c", "h"] {
            let text = try String(
                contentsOf: templates.appending(path: "\(template).\(suffix).mustache"),
                encoding: .utf8)
            try Self.render(text).write(
                to: folder.appending(path: "net_preprocess.\(suffix)"), atomically: true,
                encoding: .utf8)
        }
        let main = tests.appending(path: "Fixtures/\(template)/\(source)").path
        let library = folder.appending(path: "net_preprocess.c").path
        // One of the programs includes the library, to put its own malloc under it.
        let includes = source == "refusals.c" && template == "preprocess"
        let sources = includes ? [main] : [main, library]
        try execute(
            "/usr/bin/env",
            [compiler.compiler] + compiler.options + ["-I", folder.path] + sources
                + ["-o", program.path, "-lm"])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private static func render(_ text: String) throws -> String {
        let rendered = text.replacing("<%model%>", with: "net").replacing("<%MODEL%>", with: "NET")
            .replacing("<%longSide%>", with: "1333").replacing("<%shortSide%>", with: "800")
        try #require(!rendered.contains("<%"), "a tag of the template is unknown")
        return rendered
    }

    /// Runs the program with nothing but numbers.
    func run(_ numbers: [Int] = []) throws { try execute(program.path, numbers.map(String.init)) }

    /// Three planes of floats of each picture: of a fitted one, the part that it fills.
    func preprocess(_ pictures: [Picture]) throws -> [Data] {
        try run(
            pictures.map { picture in
                let target = picture.target
                return (
                    [
                        picture.width, picture.height, picture.recipe.rawValue, target.height,
                        target.width,
                    ], picture.pixels
                )
            })
    }

    /// Runs the program on files of pixels, each behind its numbers: what it writes for each.
    func run(_ tasks: [(numbers: [Int], pixels: [UInt8])]) throws -> [Data] {
        let files = tasks.indices.map { folder.appending(path: "\($0)") }
        var arguments: [String] = []
        for (task, file) in zip(tasks, files) {
            try Data(task.pixels).write(to: file)
            arguments += task.numbers.map(String.init) + [file.path, file.path + ".f32"]
        }
        try execute(program.path, arguments)
        return try files.map { try Data(contentsOf: $0.appendingPathExtension("f32")) }
    }
}

/// The library's recipes by their numbers.
enum Recipe: Int, CaseIterable {
    case crop, resize, fit
}

/// An input of the program: width · height · 3 bytes, and what is to become of them.
struct Picture {
    let width: Int
    let height: Int
    let recipe: Recipe
    let target: (height: Int, width: Int)
    let pixels: [UInt8]
}

private struct ProgramFailure: Error {
    let status: Int32
    let message: String
}

/// Runs a program to its end.
private func execute(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    let message = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ProgramFailure(
            status: process.terminationStatus, message: String(decoding: message, as: UTF8.self))
    }
}
