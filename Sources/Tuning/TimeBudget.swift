/// Seconds since the work began, and how many there are.
struct TimeBudget: Sendable {
    private let start = ContinuousClock.now
    /// Infinite without a limit.
    let limit: Double

    init(limit: Double?) { self.limit = limit ?? .infinity }

    var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// The moment when `share` of the time from now to `end` has passed.
    func moment(_ share: Double, ofTimeUntil end: Double) -> Double {
        end.isFinite ? elapsed + share * max(0, end - elapsed) : .infinity
    }

    /// Runs `body`, and cancels it at `end`.
    ///
    /// - Returns: nil when it was cancelled for that reason.
    func until<Result: Sendable>(
        _ end: Double, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        guard end.isFinite else { return try await body() }
        let rest = Duration.seconds(max(0, end - elapsed))
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask { try await body() }
            tasks.addTask {
                try await Task.sleep(for: rest)
                return nil
            }
            // Leaving the group waits until the body has ended and cleaned up.
            defer { tasks.cancelAll() }
            return try await tasks.next() ?? nil
        }
    }
}
