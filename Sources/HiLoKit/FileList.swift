import FileIO
import Foundation

/// Files of a folder and what was in them, so that a later look tells what was edited or added.
package struct FileList: Codable, Equatable {
    private static let currentFormat = 1
    /// More than any library fills.
    private static let largest = 64 << 20

    private let format: Int
    /// By path in the folder.
    package let files: [String: FileDigest]

    /// - Throws: `FileError` when one of the files cannot be read.
    init(_ paths: [String], in folder: String) throws {
        format = Self.currentFormat
        files = Dictionary(
            uniqueKeysWithValues: try paths.map { path in
                (path, try FileDigest(path: "\(folder)/\(path)"))
            })
    }

    /// What the file at `path` lists.
    ///
    /// - Returns: nil when there is no such file.
    /// - Throws: `FileError` when it cannot be read or is no list.
    package static func read(_ path: String) throws -> FileList? {
        let data: Data
        do {
            let file = try InputFile(path: path)
            data = Data(try file.read(min(file.size, largest)))
        } catch let error as FileError where error.reason == .missing {
            return nil
        }
        guard let list = try? JSONDecoder().decode(FileList.self, from: data),
            list.format == currentFormat
        else {
            throw FileError(
                path: path,
                problem: "is damaged, or of another version of HiLo, and edits cannot be told; "
                    + "--force replaces the folder all the same")
        }
        return list
    }

    /// The same bytes for the same files.
    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Whether a file of the list is a regular file that holds what it held.
    ///
    /// - Throws: `FileError` when it cannot be read.
    func holds(_ path: String, in folder: String) throws -> Bool {
        let place = "\(folder)/\(path)"
        let facts = try? FileManager.default.attributesOfItem(atPath: place)
        guard facts?[.type] as? FileAttributeType == .typeRegular else { return false }
        return try FileDigest(path: place) == files[path]
    }
}
