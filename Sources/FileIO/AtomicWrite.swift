#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Writes a file so that a reader, or a crash at any moment, finds the old file or the whole new
/// one: the bytes go to a temporary file in the same folder, which is flushed to the disk and then
/// takes the name. What writers that were killed left there is removed before.
///
/// - Parameter body: appends the bytes.
/// - Throws: `FileError` when the folder is missing or full or may not be written, or when `path`
///   is a folder, a pipe or a device; what `body` throws. A failed write leaves no temporary file.
public func writeAtomically(
    to path: String, _ body: (borrowing OutputFile) throws -> Void
) throws {
    try refuseToReplaceSpecialFile(path)
    let folder = folder(of: path)
    removeAbandoned(in: folder)
    let temporary = "\(folder)/\(Temporary.start)\(WritingProcess.mark())\(Temporary.end)"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot be created") }
    do {
        try fill(OutputFile(descriptor: descriptor, path: path), isFlushed: true, body)
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

/// The name of a file that waits to take another's; a `WritingProcess`'s mark is between.
private enum Temporary {
    static let start = ".hilo-"
    static let end = ".tmp"
}

/// Removes the temporary files in `folder` whose processes were killed.
private func removeAbandoned(in folder: String) {
    for name in names(in: folder)
    where name.hasPrefix(Temporary.start) && name.hasSuffix(Temporary.end) {
        let mark = name.dropFirst(Temporary.start.count).dropLast(Temporary.end.count)
        guard let writer = WritingProcess(mark: mark), writer.isGone else { continue }
        unlink("\(folder)/\(name)")
    }
}

/// What is in a folder, in any order; nothing when it cannot be read.
func names(in folder: String) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
        names.append(
            withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            })
    }
    return names
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

/// Makes the new name durable. Some file systems cannot flush a folder and say so by EINVAL.
private func flush(folder: String, of path: String) throws {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.system(path, "its folder cannot be opened") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
        throw FileError.system(path, "its folder cannot be flushed")
    }
}
