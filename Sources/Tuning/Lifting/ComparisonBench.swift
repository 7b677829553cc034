import CodeGeneration
import FileIO
import Foundation
import HiLoKit
import Planning
import Toolchain

/// Builds the programs of libraries of one network that differ in the precision of some layers, and compiles
/// what several have in common once: of a network with 34 kernels a further library is a handful of files.
struct ComparisonBench {
    private let folder: URL
    private let compiler: Compiler
    /// The commands so far, by all that an object is made of.
    private var known: [[[UInt8]]: CompileCommand] = [:]
    private var count = 0

    /// - Parameter folder: an empty folder for this bench alone.
    init(folder: URL, compiler: Compiler) {
        self.folder = folder
        self.compiler = compiler
    }

    /// Builds the program of a plan's library, which gets weights too. Files of the library before it are
    /// gone.
    ///
    /// - Throws: `ToolchainError`, `LibraryError`, `CheckpointError`.
    mutating func library(
        _ plan: Plan, _ blocks: PackedBlocks, progress: Build.Progress? = nil
    ) async throws -> GeneratedLibrary {
        let products = folder.appending(path: "products")
        let library = GeneratedLibrary(folder: products.appending(path: "library"), plan: plan)
        let commands = try commands(for: plan)
        let harness = Product(
            .executable, name: "library/build/\(library.harness.lastPathComponent)",
            objects: commands.map(\.object))
        let recipe = BuildRecipe(
            commands: commands, products: [harness], threading: .posix)
        _ = try await Build(compiler: compiler, folder: products)
            .perform(recipe, progress: progress)
        try createFolder(of: library.weightsFile)
        try blocks.generator(plan).writeWeights(to: library.weightsFile)
        return library
    }

    private func createFolder(of file: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw ToolchainError.cannotWrite(
                path: file.path, reason: error.localizedDescription)
        }
    }

    private mutating func commands(for plan: Plan) throws -> [CompileCommand] {
        let id = "\(count)"
        count += 1
        let files = Generator(plan).files().filter {
            $0.path.hasSuffix(".h")
                || ($0.path.hasSuffix(".c") && Team.threads.includes(file: $0.path))
        }
        let contents = SourceContents(files)
        for file in files where file.path.hasSuffix(".h") {
            try file.write(to: folder.appending(path: "\(id)/\(file.path)"))
        }
        return try files.filter { $0.path.hasSuffix(".c") }.map { file in
            let key = contents.key(of: file)
            if let command = known[key] { return command }
            let place = "\(id)/\(file.path)"
            try file.write(to: folder.appending(path: place))
            let command = CompileCommand(
                file.path, at: place, in: folder,
                includes: ["include", "src", "harness"].map { "\(id)/\($0)" })
            known[key] = command
            return command
        }
    }
}

/// The files of a library, to tell which objects are the same as another library's.
struct SourceContents {
    private struct Header {
        let included: [String]
        let text: ObjectText
    }

    private let headers: [String: Header]

    init(_ files: [GeneratedFile]) {
        // Their names are their own, whatever the folder.
        headers = Dictionary(
            files.filter { $0.path.hasSuffix(".h") }.map { file in
                let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
                return (name, Header(included: Self.included(by: file), text: Self.text(of: file)))
            }, uniquingKeysWith: { $1 })
    }

    /// Equal where objects are equal.
    func key(of file: GeneratedFile) -> [[UInt8]] {
        var texts = [Self.text(of: file)]
        var seen: Set<String> = []
        var waiting = Self.included(by: file)
        while let name = waiting.popLast() {
            guard let header = headers[name], seen.insert(name).inserted else { continue }
            texts.append(header.text)
            waiting += header.included
        }
        return [Array(file.path.utf8)] + ObjectText.parts(of: texts)
    }

    private static func text(of file: GeneratedFile) -> ObjectText {
        ObjectText(Array(file.contents.utf8))
    }

    private static func included(by file: GeneratedFile) -> [String] {
        file.contents.split(separator: "\n").compactMap(included)
    }

    /// `#include "NAME"`.
    private static func included(_ line: Substring) -> String? {
        guard line.hasPrefix("#include \"") else { return nil }
        return line.dropFirst("#include \"".count).prefix { $0 != "\"" }
            .split(separator: "/").last.map(String.init)
    }
}
