import Foundation
import Testing

@testable import hilo

@Suite struct InterruptionTests {
    @Test func itCancelsTheWork() async throws {
        await #expect(throws: Interruption.Interrupted.self) {
            try await Interruption.guarding {
                // To the process: threads of a pool take no signals.
                kill(getpid(), SIGTERM)
                try await _Concurrency.Task.sleep(for: .seconds(600))
            }
        }
    }
}
