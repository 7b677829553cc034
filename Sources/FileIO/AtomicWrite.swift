#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file being written by `writeAtomically`; valid only inside its closure.
public struct OutputFile: ~Copyable {
    fileprivate let descriptor: Int32
    fileprivate let path: String

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
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw FileError.system(path, "cannot be written") }
        try write(bytes)
        guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw FileError.system(path, "cannot be written") }
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

/// Writes a file so that a reader, or a crash at any moment, finds the old file or the whole new
/// one: the bytes go to a temporary file in the same folder, which is flushed to the disk and then
/// takes the name.
///
/// - Parameter body: appends the bytes.
/// - Throws: `FileError` when the folder is missing or full or may not be written, or when `path`
///   is a folder, a pipe or a device; what `body` throws. A failed write leaves no temporary file.
public func writeAtomically(
    to path: String, _ body: (borrowing OutputFile) throws -> Void
) throws {
    try refuseToReplaceSpecialFile(path)
    let folder = folder(of: path)
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(folder)/.hilo-\(suffix).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot be created") }
    do {
        try fill(OutputFile(descriptor: descriptor, path: path), body)
        try moveReplacing(temporary, to: path)
    } catch {
        unlink(temporary)
        throw error
    }
    try flush(folder: folder, of: path)
}

/// Writes a file of `bytes` as `writeAtomically(to:_:)` does.
public func writeAtomically(_ bytes: some Collection<UInt8>, to path: String) throws {
    try writeAtomically(to: path) { try $0.write(bytes) }
}

/// Moves a file or folder within its file system; a file that has the name is replaced in one step.
///
/// Nothing is flushed: what must outlast a crash of the machine is written by `writeAtomically`.
///
/// - Throws: `FileError` about `place`.
public func moveReplacing(_ path: String, to place: String) throws(FileError) {
    guard rename(path, place) == 0 else { throw FileError.system(place, "cannot be replaced") }
}

private func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Renaming over a device such as /dev/null would replace it for every program.
private func refuseToReplaceSpecialFile(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else {
        throw FileError(path: path, problem: "cannot be written: it exists and is no regular file")
    }
}

/// Writes, flushes and closes.
private func fill(
    _ file: borrowing OutputFile, _ body: (borrowing OutputFile) throws -> Void
) throws {
    do {
        try body(file)
        guard fsync(file.descriptor) == 0 else {
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

/// Makes the new name durable. Some file systems cannot flush a folder and say so by EINVAL.
private func flush(folder: String, of path: String) throws {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.system(path, "its folder cannot be opened") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
        throw FileError.system(path, "its folder cannot be flushed")
    }
}
