#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Writes a file so that a reader, or a crash at any moment, finds the old file or the whole new
/// one: the bytes go to a temporary file in the same folder, which is flushed to the disk and then
/// takes the name.
///
/// - Parameter chunks: the bytes, one buffer after the other.
/// - Throws: `FileError` when the folder is missing or full or may not be written, or when `path`
///   is a folder, a pipe or a device. A failed write leaves no temporary file.
public func writeAtomically(_ chunks: [UnsafeRawBufferPointer], to path: String) throws {
    try refuseToReplaceSpecialFile(path)
    let folder = folder(of: path)
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(folder)/.hilo-\(suffix).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot be created") }
    do {
        try fill(descriptor, with: chunks, path: path)
        guard rename(temporary, path) == 0 else {
            throw FileError.system(path, "cannot be replaced")
        }
    } catch {
        unlink(temporary)
        throw error
    }
    try flush(folder: folder, of: path)
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
    _ descriptor: Int32, with chunks: [UnsafeRawBufferPointer], path: String
) throws {
    do {
        for chunk in chunks { try write(chunk, to: descriptor, path: path) }
        guard fsync(descriptor) == 0 else { throw FileError.system(path, "cannot be flushed") }
    } catch {
        close(descriptor)
        throw error
    }
    guard close(descriptor) == 0 else { throw FileError.system(path, "cannot be closed") }
}

private func write(_ chunk: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
    var rest = chunk[...]
    while !rest.isEmpty {
        let buffer = UnsafeRawBufferPointer(rebasing: rest)
        let count = write(descriptor, buffer.baseAddress, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw FileError.system(path, "cannot be written") }
        rest = rest.dropFirst(count)
    }
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
