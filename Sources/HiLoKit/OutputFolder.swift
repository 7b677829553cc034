import FileIO
import Foundation

/// A folder that is written beside its place and moved there when it is complete.
///
/// The weights are flushed to the disk, as every file of `writeAtomically`; the hundred small files
/// beside them are not, because that would take seconds and `generate` makes them again.
struct OutputFolder {
    private let destination: URL
    private let staging: URL

    /// What a generated library consists of; anything else in a folder is not ours to replace.
    private static let ours: Set<String> = [
        "CMakeLists.txt", "build", "cmake", "harness", "include", "plan.json", "report.html",
        "src", "weights",
    ]

    /// - Throws: `LibraryError.cannotWrite` when the folder holds something else, or its parent
    ///   cannot be written.
    init(_ destination: URL) throws {
        try Self.checkReplaceable(destination)
        self.destination = destination
        let parent = destination.deletingLastPathComponent()
        let name = ".\(destination.lastPathComponent).\(UUID().uuidString)"
        staging = parent.appending(path: name)
        try Self.attempt(destination) {
            try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true)
        }
    }

    /// Where `path` is written until `commit`; its folder exists.
    func staged(_ path: String) throws -> URL {
        let file = staging.appending(path: path)
        try Self.attempt(destination) {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        }
        return file
    }

    func write(_ path: String, _ data: Data) throws {
        let file = try staged(path)
        try Self.attempt(destination) { try data.write(to: file) }
    }

    func commit() throws {
        let manager = FileManager.default
        try Self.attempt(destination) {
            guard manager.fileExists(atPath: destination.path) else {
                try moveReplacing(staging.path, to: destination.path)
                return
            }
            let old = staging.appendingPathExtension("old")
            try moveReplacing(destination.path, to: old.path)
            do {
                try moveReplacing(staging.path, to: destination.path)
            } catch {
                try moveReplacing(old.path, to: destination.path)
                throw error
            }
            try manager.removeItem(at: old)
        }
    }

    func discard() { try? FileManager.default.removeItem(at: staging) }

    private static func checkReplaceable(_ folder: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            return
        }
        guard isFolder.boolValue else {
            throw LibraryError.cannotWrite(
                "\(folder.path): a file stands where the output folder should be; "
                    + "choose another --output")
        }
        let content: [String] = try attempt(folder) {
            try FileManager.default.contentsOfDirectory(atPath: folder.path)
        }
        guard content.isEmpty || (content.contains("plan.json") && ours.isSuperset(of: content))
        else {
            let strangers = content.filter { !ours.contains($0) }.sorted()
            throw LibraryError.cannotWrite(
                "\(folder.path): holds something else than a generated library"
                    + (strangers.first.map { " (\($0))" } ?? "")
                    + "; choose an empty or new folder")
        }
    }

    /// Runs `body`, turning what the system says into an error that names the folder.
    private static func attempt<Result>(_ folder: URL, _ body: () throws -> Result) throws -> Result
    {
        do {
            return try body()
        } catch let error as FileError {
            throw LibraryError.cannotWrite("\(folder.path): cannot write: \(error.problem)")
        } catch {
            throw LibraryError.cannotWrite(
                "\(folder.path): cannot write: \((error as NSError).localizedDescription)")
        }
    }
}
