import Foundation

/// A line on a terminal that is written over as work goes on; nothing where there is no terminal.
struct ProgressLine: Sendable {
    private let isShown = Console.isInteractive
    private static let width = 72

    func show(_ done: Int, of total: Int, _ text: String) {
        write("\r\u{1b}[K" + "[\(done)/\(total)] \(text)".prefix(Self.width))
    }

    /// Makes room for other output.
    func clear() { write("\r\u{1b}[K") }

    private func write(_ text: String) {
        guard isShown else { return }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
