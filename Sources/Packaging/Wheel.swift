import CodeGeneration
import FileIO
import Foundation
import HiLoKit
import Toolchain

/// A Python wheel of a built library: its shared library, weights and names of classes, and a module
/// that calls it.
public struct Wheel: Sendable {
    private let library: GeneratedLibrary
    private let labels: [String]
    private let python: Python
    private let module: PythonModule

    /// Checks what can be known before the library is built.
    ///
    /// - Parameter labels: one for each class, or none.
    /// - Throws: `PackagingError`; `ToolchainError.missingTool` without a python3.
    public init(of library: GeneratedLibrary, labels: [String] = []) async throws {
        python = try Python(for: "it packs wheels")
        self.library = library
        self.labels = labels
        module = PythonModule(library.plan)
        if let reason = try await python.objection(to: library.name) {
            throw PackagingError.badName(
                "\(library.folder.path): the name '\(library.name)' \(reason); generate the library with "
                    + "another --name")
        }
        try library.checkInterface()
    }

    /// Writes `NAME-VERSION-py3-none-PLATFORM.whl`, the same bytes whenever the library is the same.
    ///
    /// - Parameters:
    ///   - folder: an existing one.
    /// - Throws: `PackagingError`; `FileError` for files of the library, `ToolchainError`.
    public func write(to folder: URL) async throws -> PackageReport {
        guard library.builtTeam == .threads else {
            let reason =
                library.builtTeam == .alone
                ? "without threads, which a wheel has"
                : "for OpenMP's threads, and a wheel takes along no runtime"
            throw PackagingError.otherTeam(
                "\(library.folder.path): is built \(reason); build it "
                    + "with 'hilo build \(library.folder.path) --team threads'")
        }
        let binary = library.sharedLibrary.path
        guard let platform = WheelPlatform(try SharedObject(path: binary)) else {
            throw PackagingError.otherMachine(
                "\(binary): is for a machine that Python's wheels have no tag for")
        }
        let stem = "\(Self.distribution(library.name))-\(GeneratorVersion.number)"
        let file = folder.appending(path: "\(stem)-py3-none-\(platform.tag).whl")
        let list = WheelList(
            information: "\(stem).dist-info", entries: entries(stem, platform))
        let bytes = try await pack(list, to: file)
        return PackageReport(
            path: file.path, platform: platform.tag, bytes: bytes, limit: platform.limit)
    }

    /// - Returns: the size of the file.
    private func pack(_ list: WheelList, to file: URL) async throws -> Int {
        try await withTemporaryFolder { temporary in
            let packed = temporary.appending(path: file.lastPathComponent)
            try await python.pack(list, to: packed)
            return try copyAtomically(packed, to: file)
        }
    }

    private func entries(_ stem: String, _ platform: WheelPlatform) -> [WheelList.Entry] {
        let name = library.name
        var entries = module.files().map { WheelList.Entry(name: $0.path, text: $0.contents) }
        entries += [
            .init(name: "\(name)/py.typed", text: ""),
            .init(name: "\(name)/lib\(name).so", path: library.sharedLibrary.path),
            .init(
                name: "\(name)/\(name).safetensors", path: library.weightsFile.path, isStored: true),
        ]
        if !labels.isEmpty {
            entries.append(.init(name: "\(name)/labels.txt", text: labels.joined(separator: "\n")))
        }
        let information = "\(stem).dist-info"
        return entries.sorted { $0.name < $1.name } + [
            .init(name: "\(information)/METADATA", text: module.metadata()),
            .init(name: "\(information)/WHEEL", text: module.wheelFields(platform: platform.tag)),
        ]
    }

    /// A name as files of wheels have it.
    static func distribution(_ name: String) -> String {
        name.lowercased().split(separator: "_").joined(separator: "_")
    }
}
