#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// An open regular file, read from front to back.
public struct InputFile: ~Copyable {
    public let path: String
    /// Bytes in the file when it was opened.
    public let size: Int
    let descriptor: Int32

    /// - Throws: `FileError` when there is no such file, it cannot be opened, or it is a folder, a
    ///   pipe or a device.
    public init(path: String) throws {
        // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError.system(path, "cannot be opened") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = FileError.system(path, "cannot be examined")
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw FileError(
                path: path,
                problem: isFolder ? "is a folder, not a file" : "is a pipe or a device, not a file",
                reason: isFolder ? .isFolder : .isPipeOrDevice)
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills the whole buffer with the next bytes.
    /// - Throws: `FileError` when reading fails or the file ends before.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = systemRead(descriptor, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileError.system(path, "cannot be read") }
            guard count > 0 else {
                throw FileError(path: path, problem: "became shorter while it was read")
            }
            filled += count
        }
    }

    /// The next `count` bytes.
    public func read(_ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
            initialized = count
        }
    }
}

/// The method of the same name hides the system's function.
private func systemRead(
    _ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int
) -> Int {
    read(descriptor, buffer, count)
}
