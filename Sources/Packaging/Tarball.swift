import CodeGeneration
import FileIO
import Foundation
import HiLoKit
import Toolchain

/// An archive of what `cmake --install` lays out: both libraries, headers, weights, and what CMake and
/// pkg-config find them by, wherever it is unpacked.
public struct Tarball: Sendable {
    private let library: GeneratedLibrary
    private let labels: [String]
    private let python: Python
    private let cmake: String

    /// - Parameter labels: one for each class, or none.
    /// - Throws: `ToolchainError.missingTool` without CMake or a python3.
    public init(of library: GeneratedLibrary, labels: [String] = []) throws {
        python = try Python(for: "it packs archives")
        guard let cmake = Program.find("cmake") else {
            throw ToolchainError.missingTool(
                name: "cmake",
                advice: "it installs libraries: put it on the PATH (apt-get install cmake)")
        }
        self.library = library
        self.labels = labels
        self.cmake = cmake
    }

    /// Builds the library with threads of its own and writes `NAME-VERSION-SYSTEM.tar.gz`.
    ///
    /// - Parameter folder: an existing one.
    /// - Throws: `PackagingError`; `FileError`, `ToolchainError`.
    public func write(to folder: URL, with compiler: Compiler) async throws -> PackageReport {
        let stem = "\(library.name)-\(GeneratorVersion.number)"
        return try await withTemporaryFolder { temporary in
            let tree = temporary.appending(path: stem)
            try await install(into: tree, building: temporary.appending(path: "build"), compiler)
            let object = try SharedObject(
                path: tree.appending(path: "lib/lib\(library.name).so").path)
            let platform = WheelPlatform(object)
            let system = platform?.tag ?? "unknown"
            let file = folder.appending(path: "\(stem)-\(system).tar.gz")
            let packed = temporary.appending(path: "packed.tar.gz")
            try await python.pack(folder: tree, to: packed)
            let bytes = try copyAtomically(packed, to: file)
            return PackageReport(
                path: file.path, platform: system, bytes: bytes, limit: platform?.limit)
        }
    }

    private func install(
        into tree: URL, building build: URL, _ compiler: Compiler
    ) async throws {
        let name = library.name
        var options = [
            "-D\(name)_TEAM=threads", "-D\(name)_HARNESS=OFF", "-DCMAKE_INSTALL_LIBDIR=lib",
            "-DCMAKE_C_COMPILER=\(compiler.path)",
        ]
        if !labels.isEmpty {
            let file = build.deletingLastPathComponent().appending(path: "labels.txt")
            try writeFile(Data(labels.map { $0 + "\n" }.joined().utf8), to: file.path)
            options.append("-D\(name)_LABELS=\(file.path)")
        }
        do {
            try await run(["-S", library.folder.path, "-B", build.path] + options)
            try await run(["--build", build.path, "--parallel"])
            try await run(["--install", build.path, "--prefix", tree.path])
        } catch let error as ToolchainError {
            // Tools say in words of their own that a disk is full.
            try checkRoom(
                in: build.deletingLastPathComponent(),
                for: [library.weightsFile.path] + objects(in: build))
            throw error
        }
    }

    /// What was compiled before it failed.
    private func objects(in build: URL) -> [String] {
        let paths = FileManager.default.subpaths(atPath: build.path) ?? []
        return paths.filter { $0.hasSuffix(".o") }.map { build.appending(path: $0).path }
    }

    private func run(_ arguments: [String]) async throws {
        let output = try await Program.run(cmake, arguments: arguments)
        guard output.succeeded else {
            throw ToolchainError.compilationFailed(
                file: library.folder.path, diagnostics: output.stderr)
        }
    }
}
