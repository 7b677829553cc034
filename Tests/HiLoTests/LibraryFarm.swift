import Foundation
import HiLoKit
import Testing

/// Shared libraries of many plans, compiled together: a kernel that several of them use is compiled
/// once, since equal names mean equal text.
struct LibraryFarm {
    private let folder: URL
    private let build: URL

    /// - Parameter plans: by an id; all of one instruction set.
    static func grow(_ plans: [(id: String, plan: Plan)], isa: ISA, compiler: Compiler) async throws
        -> LibraryFarm
    {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "hilo-farm-\(isa)-\(UUID().uuidString)")
        let farm = LibraryFarm(folder: folder, build: folder.appending(path: "build"))
        var kernels: [String: GeneratedFile] = [:]
        var commands: [CompileCommand] = []
        var products: [Product] = []
        for (id, plan) in plans {
            var objects: [String] = []
            for file in Generator(plan).files() where isPartOfLibrary(file.path) {
                let isKernel = file.path.hasPrefix("src/kernels/")
                let path = isKernel ? file.path : "\(id)/\(file.path)"
                if file.path.hasSuffix(".c") { objects.append(objectName(path)) }
                if let twin = kernels[file.path] {
                    #expect(twin == file, "two kernels with one name: \(file.path)")
                    continue
                }
                if isKernel { kernels[file.path] = file }
                try farm.write(file.contents, path)
                if file.path.hasSuffix(".c") {
                    commands.append(farm.command(path, headers: id, file.path))
                }
            }
            products.append(
                Product(
                    .sharedLibrary(soname: "lib\(id).so"), name: "lib\(id).so", objects: objects,
                    libraries: ["-lm"]))
        }
        _ = try await Build(compiler: compiler, folder: farm.build)
            .perform(BuildRecipe(commands: commands, products: products))
        return farm
    }

    /// The library `id` with weights of its own; they are written for the duration of `body`.
    func with<Result>(
        _ id: String, _ plan: Plan, _ source: WeightSource, _ body: (LoadedLibrary) throws -> Result
    ) throws -> Result {
        let weights = folder.appending(path: "\(id)-weights")
        defer { try? FileManager.default.removeItem(at: weights) }
        let library = try LibraryGenerator(plan, source).write(to: weights)
        return try body(
            LoadedLibrary(
                build.appending(path: "lib\(id).so"), plan.network, weights: library.weightsFile))
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    private static func isPartOfLibrary(_ path: String) -> Bool {
        path.hasPrefix("src/") || path.hasPrefix("include/")
    }

    private static func objectName(_ path: String) -> String {
        path.replacing("/", with: "_").replacing(".c", with: ".o")
    }

    private func write(_ text: String, _ path: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// - Parameter name: the file's in its library.
    private func command(_ path: String, headers id: String, _ name: String) -> CompileCommand {
        let includes = ["include", "src"].flatMap {
            ["-I", folder.appending(path: "\(id)/\($0)").path]
        }
        return CompileCommand(
            source: folder.appending(path: path), object: Self.objectName(path),
            flags: CompileFlags.language + CompileFlags.common + ["-Werror"]
                + CompileFlags.instructions(ofFile: name) + includes)
    }
}
