import Foundation
import Synchronization

/// Runs work that cleans up after itself when Ctrl-C or a request to end comes.
enum Interruption {
    /// The work did not come to its end for that reason.
    struct Interrupted: Error {}

    /// What a signal handler writes to: it may do little more than `write`.
    private static let pipe = Pipe()
    private static let wasInterrupted = Atomic(false)

    /// - Throws: `Interrupted` once everything is cleaned up, or what `body` throws.
    static func guarding<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // `Task` alone is what a network is for.
        let work = _Concurrency.Task { try await body() }
        pipe.fileHandleForReading.readabilityHandler = { handle in
            _ = handle.availableData
            wasInterrupted.store(true, ordering: .sequentiallyConsistent)
            work.cancel()
        }
        for name in [SIGINT, SIGTERM, SIGHUP] { signal(name, handler) }
        defer {
            for name in [SIGINT, SIGTERM, SIGHUP] { signal(name, SIG_DFL) }
            pipe.fileHandleForReading.readabilityHandler = nil
        }
        do {
            return try await work.value
        } catch {
            // A program that was started for the work got the same signal and ended with any error.
            if wasInterrupted.load(ordering: .sequentiallyConsistent) { throw Interrupted() }
            throw error
        }
    }

    private static let writingEnd = pipe.fileHandleForWriting.fileDescriptor

    private static let handler: @convention(c) (Int32) -> Void = { _ in
        var byte: UInt8 = 1
        _ = write(writingEnd, &byte, 1)
    }
}
