import Foundation
import Testing

/// The scripts' formulas of pictures.
func generatedPixels(_ picture: String, width: Int, height: Int) -> [UInt8] {
    let count = width * height * 3
    if picture == "noise" {
        return (0..<count).map { UInt8(($0 * 2_654_435_761) >> 24 & 255) }
    }
    return (0..<count).map { index in
        let (x, y) = (index / 3 % width, index / 3 / width)
        switch index % 3 {
        case 0: return UInt8(x * 255 / max(width - 1, 1))
        case 1: return UInt8(y * 255 / max(height - 1, 1))
        default: return UInt8((x + y) % 16 / 8 * 255)
        }
    }
}

/// The bytes behind normalised floats; the table is the fixture's, float32 of channel × byte.
struct Denormaliser {
    private let bytes: [[UInt32: UInt8]]

    init(folder: URL) throws {
        let bits = try Data(contentsOf: folder.appending(path: "normalised.f32")).bitPatterns
        try #require(bits.count == 3 * 256)
        bytes = (0..<3).map { channel in
            let entries = (0..<256).map { (bits[channel * 256 + $0], UInt8($0)) }
            return Dictionary(uniqueKeysWithValues: entries)
        }
    }

    /// Planes of floats to interleaved bytes; nil when a float is not one of the table.
    func bytes(of planes: Data) -> [UInt8]? {
        let bits = planes.bitPatterns
        let plane = bits.count / 3
        var interleaved = [UInt8](repeating: 0, count: 3 * plane)
        for channel in 0..<3 {
            for index in 0..<plane {
                guard let byte = bytes[channel][bits[channel * plane + index]] else { return nil }
                interleaved[3 * index + channel] = byte
            }
        }
        return interleaved
    }
}

extension Data {
    fileprivate var bitPatterns: [UInt32] {
        withUnsafeBytes { bytes in
            Swift.stride(from: 0, to: count, by: 4).map {
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
            }
        }
    }
}

func fnv1a(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Checks the bytes of a picture against some of its rows, by number and in hexadecimal digits, and
/// a hash of all.
func check(
    _ bytes: [UInt8], width: Int, height: Int, rows: [String: String], fnv1a hash: String,
    _ name: String
) throws {
    let rowSize = 3 * width
    try #require(bytes.count == height * rowSize, "\(name)")
    for (y, digits) in rows {
        let start = try #require(Int(y)) * rowSize
        #expect(
            Array(bytes[start..<(start + rowSize)]) == [UInt8](hex: digits), "\(name), row \(y)")
    }
    #expect(fnv1a(bytes) == hash, "\(name)")
}
