import Foundation

/// A folder of its own for a test, removed afterwards.
open class TemporaryFolder {
    public let folder: URL

    public init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "hilo-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    public func file(_ name: String) -> URL { folder.appending(path: name) }

    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: file(name))
        return name
    }

    /// Every path below the folder, sorted.
    public func contents() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    }
}
