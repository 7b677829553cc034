import FileIO
import Foundation
import HiLoKit

/// Where a package goes, and whether something there would be lost.
struct SwiftPackagePlace {
    let folder: URL

    init(_ folder: URL) { self.folder = folder }

    /// What Swift puts into a package's folder.
    private static let builds: Set = [".build", ".swiftpm", "Package.resolved"]

    func check(isForced: Bool) throws {
        let manager = FileManager.default
        guard let content = try? manager.contentsOfDirectory(atPath: folder.path) else {
            guard !manager.fileExists(atPath: folder.path) else {
                throw PackagingError.cannotWrite(
                    "\(folder.path): a file stands where the package should be; choose another "
                        + "--output")
            }
            return
        }
        guard !content.isEmpty else { return }
        guard let list = try FileList.read(folder.appending(path: LibraryFiles.listPath).path),
            list.files["Package.swift"] != nil
        else {
            throw PackagingError.cannotWrite(
                "\(folder.path): holds something else than a package that hilo wrote; choose another "
                    + "--output")
        }
        guard !isForced else { return }
        let changes = try LibraryFiles.changes(in: folder.path, since: list) {
            Self.builds.contains($0)
        }
        if let first = changes.first {
            throw PackagingError.cannotWrite(
                "\(folder.path): \(first.description) after hilo wrote the package; save what you need and "
                    + "replace it by --force, or choose another --output")
        }
    }

    /// - Parameter write: writes all files into the folder that it is given, and returns their size.
    func replace(_ write: (URL) throws -> Int) throws -> Int {
        let parent = folder.deletingLastPathComponent()
        for abandoned in StagingName.abandoned(for: folder.path, in: parent.path) {
            try? FileManager.default.removeItem(atPath: abandoned)
        }
        let staging = parent.appending(path: StagingName.make(for: folder.path))
        defer { try? FileManager.default.removeItem(at: staging) }
        let bytes = try write(staging)
        do {
            let list = try LibraryFiles.list(of: staging.path).json()
            try writeFile(list, to: staging.appending(path: LibraryFiles.listPath).path)
            if !FileManager.default.fileExists(atPath: folder.path) {
                try moveReplacing(staging.path, to: folder.path)
            } else if try !exchange(staging.path, with: folder.path) {
                try FileManager.default.removeItem(at: folder)
                try moveReplacing(staging.path, to: folder.path)
            }
        } catch {
            throw PackagingError.cannotWrite("\(folder.path): cannot be written: \(error)")
        }
        return bytes
    }
}
