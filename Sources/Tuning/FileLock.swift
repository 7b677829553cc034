import FileIO
import Foundation

/// Runs `body` while no other program, and no other thread, holds the lock of this name.
///
/// The file stays: removing it would let two programs lock two files of one name.
///
/// - Throws: `FileError` when the lock's file cannot be made, or what `body` throws.
func withFileLock<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
        throw FileError(
            path: path, problem: "cannot be created: \(String(cString: strerror(errno)))")
    }
    // Closing gives the lock back, as the end of the program does.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else {
            throw FileError(
                path: path, problem: "cannot be locked: \(String(cString: strerror(errno)))")
        }
    }
    return try body()
}
