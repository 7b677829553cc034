import CodeGeneration
import Foundation
import HiLoKit
import Kernels
import Machines
import Planning
import Toolchain

/// Builds candidates and whole libraries in one folder, so that a kernel that several libraries have
/// is compiled once.
struct Workshop: Sendable {
    /// What libraries are built with unless somebody wishes otherwise.
    private static let team = Team.threads

    private let folder: URL
    private let compiler: Compiler

    /// - Parameter folder: an empty folder for this workshop alone.
    init(folder: URL, compiler: Compiler, plan: Plan) throws {
        self.folder = folder
        self.compiler = compiler
        for file in Generator(plan).files() where file.path.hasSuffix(".h") {
            try write(file, to: "headers/\(URL(fileURLWithPath: file.path).lastPathComponent)")
        }
    }

    /// Compiles kernels, for libraries that will be built later.
    ///
    /// - Parameter plan: one that holds them.
    func compile(_ kernels: [Kernel], of plan: Plan) async throws {
        let names = Set(kernels.map { Self.path(of: $0, in: plan) })
        let files = Generator(plan).files().filter { names.contains($0.path) }
        try await perform(try files.map { try command(for: $0, id: "") }, products: [])
    }

    /// The library of `plan`, of which only the harness is built; it has no weights.
    ///
    /// - Parameter id: a name for its files in the workshop.
    func build(_ id: String, _ plan: Plan) async throws -> GeneratedLibrary {
        var commands: [CompileCommand] = []
        for file in Generator(plan).files()
        where Self.isSource(file.path) && Self.team.includes(file: file.path) {
            let command = try command(for: file, id: id)
            if file.path.hasSuffix(".c") { commands.append(command) }
        }
        let library = GeneratedLibrary(folder: products.appending(path: id), plan: plan)
        let harness = Product(
            .executable, name: "\(id)/build/\(library.harness.lastPathComponent)",
            objects: commands.map(\.object))
        try await perform(commands, products: [harness])
        return library
    }

    private var products: URL { folder.appending(path: "products") }

    private func perform(_ commands: [CompileCommand], products: [Product]) async throws {
        // Headers never change here: a library with other ones has a folder of its own.
        _ = try await Build(compiler: compiler, folder: self.products)
            .perform(
                BuildRecipe(commands: commands, products: products, threading: Self.team.threading))
    }

    private static func isSource(_ path: String) -> Bool {
        path.hasSuffix(".c") || path.hasSuffix(".h")
    }

    private static func path(of kernel: Kernel, in plan: Plan) -> String {
        let isa = plan.variants[0].isa
        return CompileFlags.kernelPath(
            kernel.functionName(model: plan.network.name, isa: isa), isa)
    }

    /// Writes a file; a kernel goes to the folder that all libraries share.
    private func command(for file: GeneratedFile, id: String) throws -> CompileCommand {
        let isShared = file.path.hasPrefix(CompileFlags.kernelFolder)
        let place = isShared ? file.path : "\(id)/\(file.path)"
        try write(file, to: place)
        let includes =
            isShared ? ["headers"] : ["include", "src", "harness"].map { "\(id)/\($0)" }
        return CompileCommand(file.path, at: place, in: folder, includes: includes)
    }

    /// A file that is there already has the same text, and keeps its date so that its object stays
    /// valid.
    private func write(_ file: GeneratedFile, to path: String) throws {
        let target = folder.appending(path: path)
        guard !FileManager.default.fileExists(atPath: target.path) else { return }
        try file.write(to: target)
    }
}
