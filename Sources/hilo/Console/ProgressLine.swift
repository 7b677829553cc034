import FileIO
import Foundation

/// A line on a terminal that is written over as work goes on; nothing where there is no terminal.
struct ProgressLine: Sendable {
    private let isShown = Console.isInteractive
    private static let width = 72
    private static let erasure = "\r\u{1b}[K"

    /// Runs `body` with a line that is gone afterwards, also after an error.
    static func during<Result>(_ body: (ProgressLine) async throws -> Result) async rethrows
        -> Result
    {
        let line = ProgressLine()
        defer { line.clear() }
        return try await body(line)
    }

    func show(_ done: Int, of total: Int, _ text: String) {
        write(Self.erasure + "[\(done)/\(total)] \(text.printable)".prefix(Self.width))
    }

    /// A bar of how much is done.
    func showBar(_ done: Int, of total: Int, _ what: String) {
        let share = bar(Double(done) / Double(max(total, 1)), cells: 30)
        write(Self.erasure + "\(share) \(done) of \(total) \(what.printable)".prefix(Self.width))
    }

    /// Takes the line away, for what is written next.
    func clear() { write(Self.erasure) }

    private func write(_ text: String) {
        guard isShown else { return }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
