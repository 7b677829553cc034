import Foundation

/// The bytes of one file, mapped read-only and shared by everything that was read from it.
///
/// Pages are loaded on first use, so opening a large checkpoint costs next to nothing. Another
/// program that shortens the file meanwhile makes later reads fail, as with every mapped file.
final class MappedFile: @unchecked Sendable {
    // Unchecked: the bytes never change after init and live as long as this object.
    let bytes: UnsafeRawBufferPointer
    private let release: (UnsafeRawBufferPointer) -> Void

    var count: Int { bytes.count }

    /// Maps the regular file at `path`.
    init(path: String) throws {
        // Non-blocking, because opening a FIFO would otherwise wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.unreadable(errno) }
        defer { close(descriptor) }
        let size = try Self.size(of: descriptor)
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            address != MAP_FAILED
        else { throw Self.unreadable(errno) }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
        release = { munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count) }
    }

    /// A copy of bytes in memory.
    init(copying data: Data) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 64)
        data.withUnsafeBytes { copy.copyMemory(from: $0) }
        bytes = UnsafeRawBufferPointer(copy)
        release = { $0.deallocate() }
    }

    deinit { release(bytes) }

    /// The bytes of `range`, without a copy; the file stays mapped as long as the result lives.
    ///
    /// - Precondition: `range` lies inside the file, which the readers check when they make it.
    func data(in range: Range<Int>) -> Data {
        guard !range.isEmpty else { return Data() }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard let start = UnsafeMutableRawPointer(mutating: slice.baseAddress) else {
            return Data()
        }
        return Data(
            bytesNoCopy: start, count: slice.count,
            deallocator: .custom { _, _ in withExtendedLifetime(self) {} })
    }

    private static func size(of descriptor: Int32) throws -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR:
            throw Flaw(
                kind: .unreadable, problem: "is a directory", expected: "a file",
                hint: "name the .pth or .safetensors file inside it")
        default:
            throw Flaw(
                kind: .unreadable, problem: "is not a regular file", expected: "a file on disk",
                hint: "a pipe or device cannot be mapped: save its content as a file first")
        }
        guard status.st_size > 0 else { throw Flaw.damaged("is empty (0 bytes)") }
        return Int(status.st_size)
    }

    private static func unreadable(_ code: Int32) -> Flaw {
        let missing = code == ENOENT || code == ENOTDIR
        return Flaw(
            kind: .unreadable,
            problem: missing
                ? "no such file" : "cannot be read: \(String(cString: strerror(code)))",
            expected: "a checkpoint (.pth or .safetensors)",
            hint: missing ? "check the path" : "check the file's permissions")
    }
}
