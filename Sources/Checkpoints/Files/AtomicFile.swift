import Foundation

/// A file being written by `writeFileAtomically`; valid only inside its closure.
public struct OutputFile: ~Copyable {
    fileprivate let descriptor: Int32

    /// Appends bytes. Throws when the disk does not take them.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
            if count < 0 {
                if errno == EINTR { continue }
                throw unwritable("cannot be written", errno)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Appends data. Throws when the disk does not take it.
    public func write(_ data: Data) throws {
        try data.withUnsafeBytes { try write($0) }
    }
}

/// Writes a file so that after a crash or power loss either the old or the whole new one is there:
/// a temporary file in the same folder, fsync, rename, fsync of the folder.
///
/// - Throws: `CheckpointError` of kind `unwritable`, or what `body` throws; then nothing is left
///   behind and an existing file is as before.
public func writeFileAtomically(
    to path: String, _ body: (borrowing OutputFile) throws -> Void
) throws {
    try blaming(path) {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent().path
        let name = ".\(target.lastPathComponent.prefix(64)).\(UUID().uuidString).partial"
        let temporary = URL(fileURLWithPath: folder).appendingPathComponent(name).path
        try writeDurably(to: temporary, body)
        guard rename(temporary, target.path) == 0 else {
            let code = errno
            unlink(temporary)
            throw unwritable("cannot be replaced", code)
        }
        try synchronize(folder: folder)
    }
}

/// Writes `parts`, one after the other, as `writeFileAtomically(to:_:)` does.
public func writeFileAtomically(_ parts: [Data], to path: String) throws {
    try writeFileAtomically(to: path) { file in
        for part in parts { try file.write(part) }
    }
}

private func writeDurably(
    to path: String, _ body: (borrowing OutputFile) throws -> Void
) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw unwritable("cannot be created", errno) }
    do {
        defer { close(descriptor) }
        try body(OutputFile(descriptor: descriptor))
        guard fsync(descriptor) == 0 else { throw unwritable("cannot be written", errno) }
    } catch {
        unlink(path)
        throw error
    }
}

private func synchronize(folder: String) throws {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    // A folder that may be written but not listed cannot be opened; the rename has happened.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // EINVAL: a file system without fsync of folders.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
        throw unwritable("cannot be made durable", errno)
    }
}

/// The C function, out of the reach of `OutputFile.write`'s name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func unwritable(_ problem: String, _ code: Int32) -> Flaw {
    Flaw(
        kind: .unwritable, problem: "\(problem): \(String(cString: strerror(code)))",
        expected: "a file in a folder that exists and has room",
        hint: "check that the folder exists, may be written to, and has space left")
}
