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
    private var known: [String: CompileCommand] = [:]
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
        let contents = SourceContents(files, model: plan.network.name)
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
    private let headers: [String: String]
    private let model: String

    /// What is another number in each library and is read by few files: the rest is compiled without knowing
    /// it.
    private static let numbers = ["FINGERPRINT", "MOST_STEPS", "KERNELS"]

    init(_ files: [GeneratedFile], model: String) {
        self.model = model
        // Their names are their own, whatever the folder.
        headers = Dictionary(
            files.filter { $0.path.hasSuffix(".h") }.map {
                ($0.path.split(separator: "/").last.map(String.init) ?? $0.path, $0.contents)
            }, uniquingKeysWith: { $1 })
    }

    /// Equal where objects are equal: its text and that of all headers that it includes, without numbers that
    /// it does not name.
    func key(of file: GeneratedFile) -> String {
        let unread = Self.numbers.map { "\(model.uppercased())_\($0)" }
            .filter { !file.contents.contains($0) }
        var seen: Set<String> = []
        return file.path + "\n" + text(file.contents, unread, &seen)
    }

    private func text(_ contents: String, _ unread: [String], _ seen: inout Set<String>) -> String {
        var all = ""
        for line in contents.split(separator: "\n") {
            if let name = Self.included(line), let header = headers[name] {
                if seen.insert(name).inserted { all += text(header, unread, &seen) }
            } else if !unread.contains(where: { Self.defines(line, $0) }) {
                all += line + "\n"
            }
        }
        return all
    }

    /// `#include "NAME"`.
    private static func included(_ line: Substring) -> String? {
        guard line.hasPrefix("#include \"") else { return nil }
        return line.dropFirst("#include \"".count).prefix { $0 != "\"" }
            .split(separator: "/").last.map(String.init)
    }

    private static func defines(_ line: Substring, _ name: String) -> Bool {
        line.hasPrefix("#define \(name) ") || line.hasPrefix("enum { \(name) = ")
    }
}
