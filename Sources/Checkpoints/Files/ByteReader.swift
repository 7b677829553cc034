import FileIO
import Foundation

/// Reads forward through a part of a file; every read is checked against the end.
struct ByteReader {
    let file: MappedFile
    private(set) var position: Int
    let end: Int
    /// What the part is, for messages: "pickle", "central directory".
    let part: String

    /// - Precondition: `range` lies inside the file.
    init(_ file: MappedFile, in range: Range<Int>, part: String) {
        self.file = file
        self.part = part
        position = range.lowerBound
        end = range.upperBound
    }

    var remaining: Int { end - position }

    /// Steps over `count` bytes and returns where they lie in the file.
    mutating func skip(_ count: Int) throws -> Range<Int> {
        guard count >= 0, count <= remaining else {
            throw Flaw.damaged(
                "its \(part) needs \(count) bytes at byte \(position), "
                    + "but only \(remaining) are left")
        }
        defer { position += count }
        return position..<position + count
    }

    mutating func byte() throws -> UInt8 {
        file.bytes[try skip(1).lowerBound]
    }

    /// A little-endian integer.
    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type
    ) throws -> Value {
        let start = try skip(MemoryLayout<Value>.size).lowerBound
        return Value(littleEndian: file.bytes.loadUnaligned(fromByteOffset: start, as: type))
    }

    /// A little-endian unsigned 64-bit size that fits an `Int`.
    mutating func size() throws -> Int {
        let value = try integer(UInt64.self)
        guard let size = Int(exactly: value) else {
            throw Flaw.damaged("its \(part) has the impossible size \(value)")
        }
        return size
    }

    mutating func bytes(_ count: Int) throws -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[try skip(count)])
    }

    mutating func string(_ count: Int) throws -> String {
        let start = position
        guard let string = String(bytes: try bytes(count), encoding: .utf8) else {
            throw Flaw.damaged("its \(part) has text at byte \(start) that is not UTF-8")
        }
        return string
    }

    /// The text up to the next line feed, which is consumed.
    mutating func line(limit: Int) throws -> String {
        let window = file.bytes[position..<position + min(remaining, limit + 1)]
        guard let newline = window.firstIndex(of: 0x0a) else {
            throw Flaw.damaged("its \(part) has an endless name at byte \(position)")
        }
        defer { position = newline + 1 }
        return try string(newline - position)
    }
}
