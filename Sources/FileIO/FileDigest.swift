/// Tells whether a file is what it was: 64 bits of FNV-1a, as 16 hexadecimal digits.
///
/// That is enough to notice an edit, and no protection from somebody who means to deceive. Of a
/// large file only its size and pieces from everywhere in it count, so that weights of hundreds of
/// megabytes cost next to nothing: other weights are told apart, a single number may not be.
public struct FileDigest: RawRepresentable, Sendable, Hashable, Codable {
    public let rawValue: String

    /// Files up to this size are digested as a whole.
    private static let wholeSize = 8 << 20
    private static let pieces = 64
    private static let pieceSize = 4096

    public init(rawValue: String) { self.rawValue = rawValue }

    /// Of bytes in memory.
    public init(_ bytes: UnsafeRawBufferPointer) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for range in Self.ranges(of: bytes.count) {
            for byte in UnsafeRawBufferPointer(rebasing: bytes[range]) {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        hash = (hash ^ UInt64(bytes.count)) &* 0x100_0000_01b3
        rawValue = hexadecimalDigits(hash)
    }

    /// Of the regular file at `path`.
    ///
    /// - Throws: `FileError`, as `InputFile` does.
    public init(path: String) throws {
        let file = try MappedFile(path: path)
        self = withExtendedLifetime(file) { FileDigest(file.bytes) }
    }

    /// What of a file counts.
    private static func ranges(of size: Int) -> [Range<Int>] {
        guard size > wholeSize else { return [0..<size] }
        return (0..<pieces).map { piece in
            let start = (size - pieceSize) * piece / (pieces - 1)
            return start..<start + pieceSize
        }
    }
}

/// All 16 of them.
func hexadecimalDigits(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
