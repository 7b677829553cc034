import FileIO
import Foundation

/// A folder beside a build folder where its files are made before they are moved into place.
struct Staging: Sendable {
    let folder: URL
    private let destination: URL

    init(for destination: URL) throws {
        self.destination = destination
        let parent = destination.deletingLastPathComponent()
        // A build that was killed could not clean up.
        for staging in StagingName.abandoned(for: destination.filePath, in: parent.filePath) {
            try? FileManager.default.removeItem(atPath: staging)
        }
        folder = parent.appendingPathComponent(StagingName.make(for: destination.filePath))
        try createFolder(folder)
    }

    /// Moves every file to its place under the destination, replacing what is there. Nothing is
    /// flushed to the disk, file by file that would take longer than the build: what a crash of
    /// the machine spoils is built again from an empty folder.
    func commit() throws {
        for name in try files() {
            let target = destination.appendingPathComponent(name)
            try createFolder(target.deletingLastPathComponent())
            let source = folder.appendingPathComponent(name)
            do {
                try moveReplacing(source.filePath, to: target.filePath)
            } catch {
                throw ToolchainError.cannotWrite(path: error.path, reason: error.problem)
            }
        }
        discard()
    }

    func discard() { try? FileManager.default.removeItem(at: folder) }

    /// Paths of the files under the folder; an object comes before the record that vouches for it,
    /// so that an interrupted commit at worst compiles a file again.
    private func files() throws -> [String] {
        do {
            return try FileManager.default.subpathsOfDirectory(atPath: folder.filePath)
                .filter { name in
                    var isFolder: ObjCBool = false
                    let path = folder.appendingPathComponent(name).filePath
                    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                    return !isFolder.boolValue
                }
                .sorted()
        } catch {
            throw ToolchainError.cannotWrite(
                path: destination.filePath, reason: systemReason(error))
        }
    }
}
