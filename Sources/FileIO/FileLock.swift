#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Runs `body` while no other program, and no other thread, holds the lock of this name.
///
/// The file stays: removing it would let two programs lock two files of one name.
///
/// - Throws: `FileError` when the lock's file cannot be made or locked; `CancellationError` when the task
///   was cancelled and others keep the lock; what `body` throws.
public func withFileLock<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    try withLock(
        open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666), path, otherwise: "cannot be created", body)
}

/// Runs `body` while no other program, and no other thread, does so for the same folder. Nothing is
/// written, and whoever only reads and writes in there is not kept from it.
///
/// - Throws: as `withFileLock`; a file system without locks for folders is a `FileError` too.
public func withFolderLock<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    try withLock(
        open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, otherwise: "cannot be opened", body)
}

/// The same for work that others may wait long for: the task sleeps meanwhile.
///
/// - Parameter patience: after this the lock counts as one that cannot be had. Whoever has it may have been
///   stopped (Ctrl-Z), or may itself be waiting for the caller's program.
/// - Throws: as `withFileLock`, a `FileError` too when patience is at its end, and what `body` throws.
public func withFileLockAsleep<Result>(
    _ path: String, patience: Duration, _ body: () async throws -> Result
) async throws -> Result {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot be created") }
    defer { close(descriptor) }
    let end = ContinuousClock.now + patience
    while try !lock(descriptor, path) {
        guard ContinuousClock.now < end else {
            throw FileError(path: path, problem: "has been locked for more than \(patience)")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
    return try await body()
}

private func withLock<Result>(
    _ descriptor: Int32, _ path: String, otherwise problem: String, _ body: () throws -> Result
) throws -> Result {
    guard descriptor >= 0 else { throw FileError.system(path, problem) }
    // Closing gives the lock back, as the end of the program does.
    defer { close(descriptor) }
    var patience = Patience()
    while try !lock(descriptor, path) { try patience.pause() }
    return try body()
}

/// - Returns: whether nobody else has it.
private func lock(_ descriptor: Int32, _ path: String) throws -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK || errno == EINTR else {
        throw FileError.system(path, "cannot be locked")
    }
    return false
}

/// Waiting that a cancelled task gives up: `flock` itself would wait on after Ctrl-C.
private struct Patience {
    private var microseconds: UInt32 = 500
    /// A cancelled task still has to keep what it found, and others need a lock for milliseconds.
    private var leftAfterCancellation = 1_000_000

    mutating func pause() throws(CancellationError) {
        if Task.isCancelled {
            leftAfterCancellation -= Int(microseconds)
            if leftAfterCancellation < 0 { throw CancellationError() }
        }
        usleep(microseconds)
        microseconds = min(2 * microseconds, 20_000)
    }
}
