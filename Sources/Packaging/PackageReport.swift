import FileIO
import Foundation

/// A package that was written.
public struct PackageReport: Sendable, Encodable {
    public let path: String
    /// Which systems it is for, as tags of wheels name them.
    public let platform: String
    public let bytes: Int
    /// Why it is for systems like this one alone; nil when it is for others too.
    public let limit: String?
}

/// Gives a file that is complete its place, where a crash leaves all of it or nothing.
///
/// - Returns: its size.
/// - Throws: `PackagingError.cannotWrite`; `FileError` when the file cannot be read.
func copyAtomically(_ file: URL, to place: URL) throws -> Int {
    let content = try MappedFile(path: file.path)
    do {
        try writeAtomically(to: place.path) { try $0.write(content.bytes) }
    } catch let error as FileError {
        throw PackagingError.cannotWrite("\(error)")
    }
    return content.count
}
