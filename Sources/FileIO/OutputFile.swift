#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file being written by `writeAtomically`; valid only inside its closure.
public struct OutputFile: ~Copyable {
    let descriptor: Int32
    let path: String

    /// Appends bytes.
    ///
    /// - Throws: `FileError` when the disk does not take them.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let buffer = UnsafeRawBufferPointer(rebasing: rest)
            let count = systemWrite(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FileError.system(path, "cannot be written") }
            rest = rest.dropFirst(count)
        }
    }

    /// Replaces the file's first bytes, which were written before.
    ///
    /// - Throws: `FileError` when the disk does not take them.
    public func rewriteStart(_ bytes: some Collection<UInt8>) throws {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw FileError.system(path, "cannot be written")
        }
        try write(bytes)
        guard lseek(descriptor, 0, SEEK_END) >= 0 else {
            throw FileError.system(path, "cannot be written")
        }
    }

    /// Appends bytes that lie in one piece, such as those of an array, a text (`text.utf8`) or a
    /// `Data`; others are copied first.
    ///
    /// - Throws: `FileError` when the disk does not take them.
    public func write(_ bytes: some Collection<UInt8>) throws {
        let isWritten: Void? = try bytes.withContiguousStorageIfAvailable {
            try write(UnsafeRawBufferPointer($0))
        }
        if isWritten == nil { try write(Array(bytes)) }
    }
}

/// Writes a file of `bytes` at once under its name: for folders that are thrown away, or that take
/// their own name when they are complete. Nothing is flushed, and what a failure leaves stays.
///
/// Foundation's way of doing this starts from the first byte again after the system took only some.
///
/// - Throws: `FileError` about `path`.
public func writeFile(_ bytes: some Collection<UInt8>, to path: String) throws {
    try fill(create(path), isFlushed: false) { try $0.write(bytes) }
}

/// The same of bytes that come piece by piece.
///
/// - Parameter body: appends them.
/// - Throws: `FileError` about `path`; what `body` throws.
public func writeFile(to path: String, _ body: (borrowing OutputFile) throws -> Void) throws {
    try fill(create(path), isFlushed: false, body)
}

/// An empty file of this name.
private func create(_ path: String) throws -> OutputFile {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot be created") }
    return OutputFile(descriptor: descriptor, path: path)
}

/// Writes, flushes where that is wished, and closes.
func fill(
    _ file: borrowing OutputFile, isFlushed: Bool, _ body: (borrowing OutputFile) throws -> Void
) throws {
    do {
        try body(file)
        guard !isFlushed || fsync(file.descriptor) == 0 else {
            throw FileError.system(file.path, "cannot be flushed")
        }
    } catch {
        close(file.descriptor)
        throw error
    }
    guard close(file.descriptor) == 0 else { throw FileError.system(file.path, "cannot be closed") }
}

/// The C function, out of the reach of `OutputFile.write`'s name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
