#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Runs `body` while no other program, and no other thread, holds the lock of this name.
///
/// The file stays: removing it would let two programs lock two files of one name. Where that does no
/// harm, `body` may remove it.
///
/// - Throws: `FileError` when the lock's file cannot be made, or what `body` throws.
public func withFileLock<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
        throw FileError.system(path, "cannot be created")
    }
    // Closing gives the lock back, as the end of the program does.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else {
            throw FileError.system(path, "cannot be locked")
        }
    }
    return try body()
}
