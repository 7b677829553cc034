/// The CRC-32 of zip files (polynomial 0xEDB88320), eight bytes at a step ("slicing by 8",
/// Kounavis and Berry 2005): checksums of a 350 MB checkpoint must not dominate reading it.
enum CRC32 {
    /// Table k, entry b at 256·k + b: the effect of byte b followed by k zero bytes.
    private static let tables: [UInt32] = {
        var tables = (0..<256).map { byte -> UInt32 in
            (0..<8).reduce(UInt32(byte)) { crc, _ in
                crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1
            }
        }
        for index in 256..<2048 {
            let previous = tables[index - 256]
            tables.append(previous >> 8 ^ tables[Int(previous & 0xff)])
        }
        return tables
    }()

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc = ~UInt32(0)
            let blocks = bytes.count / 8
            for block in 0..<blocks {
                let word = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: block * 8, as: UInt64.self))
                crc = step(word ^ UInt64(crc), table)
            }
            for byte in bytes[(blocks * 8)...] {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xff)]
            }
            return ~crc
        }
    }

    @inline(__always)
    private static func step(_ word: UInt64, _ table: UnsafeBufferPointer<UInt32>) -> UInt32 {
        func entry(_ byte: UInt64) -> UInt32 {
            table[Int(256 * (7 - byte) + (word >> (8 * byte)) & 0xff)]
        }
        let low = entry(0) ^ entry(1) ^ entry(2) ^ entry(3)
        let high = entry(4) ^ entry(5) ^ entry(6) ^ entry(7)
        return low ^ high
    }
}
