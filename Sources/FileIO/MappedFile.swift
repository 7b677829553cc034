#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The bytes of one file, mapped read-only and shared by everything that was read from it.
///
/// Pages are loaded on first use, so opening a large file costs next to nothing. Another program
/// that shortens the file meanwhile makes later reads fail, as with every mapped file.
public final class MappedFile: @unchecked Sendable {
    // Unchecked: the bytes never change after init.
    /// They live as long as this object.
    public let bytes: UnsafeRawBufferPointer
    private let release: (UnsafeRawBufferPointer) -> Void

    public var count: Int { bytes.count }

    /// Maps the regular file at `path`.
    ///
    /// - Throws: `FileError`, as `InputFile` does.
    public init(path: String) throws {
        let file = try InputFile(path: path)
        guard file.size > 0 else {
            // The system maps no empty files.
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            release = { _ in }
            return
        }
        guard let address = mmap(nil, file.size, PROT_READ, MAP_PRIVATE, file.descriptor, 0),
            address != MAP_FAILED
        else { throw FileError.system(path, "cannot be mapped") }
        bytes = UnsafeRawBufferPointer(start: address, count: file.size)
        release = { munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count) }
    }

    /// A copy of bytes in memory.
    public init(copying content: some Collection<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: content.count, alignment: 64)
        copy.copyBytes(from: content)
        bytes = UnsafeRawBufferPointer(copy)
        release = { $0.deallocate() }
    }

    deinit { release(bytes) }
}
