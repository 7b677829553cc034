import Foundation
import Synchronization

/// Runs work that cleans up after itself when Ctrl-C or a request to end comes.
enum Interruption {
    /// The work did not come to its end for that reason.
    struct Interrupted: Error {}

    /// What a signal handler writes to: it may do little more than `write`.
    private static let pipe = Pipe()
    private static let wasInterrupted = Atomic(false)
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// - Throws: `Interrupted` once everything is cleaned up, or what `body` throws.
    static func guarding<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        wasInterrupted.store(false, ordering: .sequentiallyConsistent)
        // Before the work, which may be interrupted at once.
        let caught = catchSignals()
        // `Task` alone is what a network is for.
        let work = _Concurrency.Task { try await body() }
        pipe.fileHandleForReading.readabilityHandler = { handle in
            _ = handle.availableData
            wasInterrupted.store(true, ordering: .sequentiallyConsistent)
            work.cancel()
        }
        defer {
            for name in caught { signal(name, SIG_DFL) }
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

    /// Runs `body` as `guarding` does, and ends the program as interrupted ones do.
    static func endingProgram(_ body: @escaping @Sendable () async throws -> Void) async throws {
        do {
            try await guarding(body)
        } catch is Interrupted {
            Console.note("interrupted")
            Foundation.exit(130)
        }
    }

    /// Installs the handler, but for no hangup that the program was started to ignore, as by nohup.
    ///
    /// - Returns: the signals that it is installed for.
    private static func catchSignals() -> [Int32] {
        // Before any handler: setting up is more than one may do.
        writingEnd.store(
            pipe.fileHandleForWriting.fileDescriptor, ordering: .sequentiallyConsistent)
        return signals.filter { name in
            let before = signal(name, handler)
            let isIgnored =
                name == SIGHUP
                && unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
            if isIgnored { signal(name, SIG_IGN) }
            return !isIgnored
        }
    }

    private static let handler: @convention(c) (Int32) -> Void = { _ in
        let code = errno
        var byte: UInt8 = 1
        _ = write(writingEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = code
    }
}

/// Where the handler writes; set before it is installed, and no property that is made on first use.
private let writingEnd = Atomic<Int32>(-1)
