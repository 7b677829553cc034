/// Keeps a stream of bytes and hands out its lines as they become complete.
struct LineReader {
    private var kept: [UInt8] = []
    private var line: [UInt8] = []
    private let limit: Int
    private let onLine: (@Sendable (String) -> Void)?

    /// `limit`: bytes to keep; later ones are handed out as lines but not kept.
    init(limit: Int, onLine: (@Sendable (String) -> Void)?) {
        self.limit = limit
        self.onLine = onLine
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        kept.append(contentsOf: bytes.prefix(limit - kept.count))
        guard let onLine else { return }
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                onLine(String(decoding: line, as: UTF8.self))
                line.removeAll(keepingCapacity: true)
            } else if line.count < limit {
                line.append(byte)
            }
        }
    }

    /// Hands out a last line without a line feed and returns what was kept.
    mutating func finish() -> String {
        if let onLine, !line.isEmpty { onLine(String(decoding: line, as: UTF8.self)) }
        return String(decoding: kept, as: UTF8.self)
    }
}
