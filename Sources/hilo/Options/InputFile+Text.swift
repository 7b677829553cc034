import FileIO
import Foundation
import HiLoKit

/// The bytes of a file that a flag names.
///
/// - Parameter limit: of the size, far above what such files have.
/// - Throws: `FileError`, also when the file is empty or too large.
func readInput(_ path: String, limit: Int) throws -> Data {
    let file = try InputFile(path: path)
    guard file.size > 0 else { throw FileError(path: path, problem: "is empty") }
    guard file.size <= limit else {
        throw FileError(path: path, problem: "has \(file.size) bytes; up to \(limit) are read")
    }
    return Data(try file.read(file.size))
}

/// The text of a file that a flag names.
///
/// - Throws: `FileError`, also when it is not UTF-8.
func readText(_ path: String, limit: Int = 1 << 20) throws -> String {
    guard let text = String(data: try readInput(path, limit: limit), encoding: .utf8) else {
        throw FileError(path: path, problem: "is not a text in UTF-8")
    }
    return text
}

/// The text of a configuration that another one names.
///
/// - Throws: `FileError`, which says who names it.
func readText(_ base: ConfigurationBase) throws -> String {
    do {
        return try readText(base.path)
    } catch let error as FileError {
        throw FileError(
            path: error.path, problem: "\(error.problem); BASE in \(base.asker) names it",
            reason: error.reason)
    }
}
