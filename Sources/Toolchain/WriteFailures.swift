import FileIO
import Foundation

/// Finds out, after a tool failed, whether a folder still takes what the tool would have written:
/// tools say in words of their own that a disk is full, or not at all.
///
/// - Parameters:
///   - folder: one that was made for the tool; an error names the folder that it lies in.
///   - inputs: what the tool read, since it writes about as much. Less would say nothing: a linker
///     removes what it could not finish.
/// - Throws: `ToolchainError.cannotWrite`.
package func checkRoom(in folder: URL, for inputs: [String] = []) throws {
    let size = inputs.reduce(1 << 16) { $0 + fileSize($1) }
    let trial = folder.appendingPathComponent(".trial")
    defer { try? FileManager.default.removeItem(at: trial) }
    do {
        try writeAtomically([UInt8](repeating: 1, count: size), to: trial.filePath)
    } catch let error as FileError {
        throw ToolchainError.cannotWrite(
            path: folder.deletingLastPathComponent().filePath,
            reason: "a file of \(size) bytes in it \(error.problem)")
    }
}

private func fileSize(_ path: String) -> Int {
    let facts = try? FileManager.default.attributesOfItem(atPath: path)
    return (facts?[.size] as? NSNumber)?.intValue ?? 0
}

/// What the system says of an error of Foundation's, whose own words leave that out.
func systemReason(_ error: any Error) -> String {
    guard let cause = (error as? CocoaError)?.underlying as? POSIXError else {
        return error.localizedDescription
    }
    return String(cString: strerror(cause.code.rawValue))
}
