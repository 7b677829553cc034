import FileIO
import Foundation

/// Writes a file crash-safely, as FileIO does, with the errors of this module.
///
/// - Throws: `CheckpointError` of kind `unwritable`, or what `body` throws; then nothing is left
///   behind and an existing file is as before.
public func writeFileAtomically(
    to path: String, _ body: (borrowing OutputFile) throws -> Void
) throws {
    do {
        try writeAtomically(to: path, body)
    } catch let error as FileError {
        throw CheckpointError(
            path: path,
            flaw: Flaw(
                kind: .unwritable, problem: error.problem,
                expected: "a file in a folder that exists and has room",
                hint: "check that the folder exists, may be written to, and has space left"))
    }
}

/// Writes `parts`, one after the other, as `writeFileAtomically(to:_:)` does.
public func writeFileAtomically(_ parts: [Data], to path: String) throws {
    try writeFileAtomically(to: path) { file in
        for part in parts { try file.write(part) }
    }
}

extension OutputFile {
    /// Appends data.
    ///
    /// - Throws: `FileError` when the disk does not take it.
    public func write(_ data: Data) throws {
        try data.withUnsafeBytes { try write($0) }
    }
}
