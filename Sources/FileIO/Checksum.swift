/// Tells numbers that were changed, cut or put elsewhere from those that were written: 64 bits, as 16
/// hexadecimal digits, of any number of blocks in their order.
///
/// Four chains of FNV-1a over words of eight bytes, so that hundreds of megabytes take hundredths of a
/// second. It finds damage, and is no protection from somebody who means to deceive.
public struct Checksum: Sendable {
    private static let prime: UInt64 = 0x100_0000_01b3
    private static let start: UInt64 = 0xcbf2_9ce4_8422_2325
    private var total = start

    public init() {}

    /// The digits of no blocks, as long as all others.
    public static let none = Checksum().digits

    public var digits: String { hexadecimalDigits(total) }

    /// Adds a block.
    public mutating func add(_ block: UnsafeRawBufferPointer) {
        var chains = (Self.start, Self.start, Self.start, Self.start)
        let words = block.count / 8
        for word in stride(from: 0, to: words & ~3, by: 4) {
            chains.0 = Self.mix(chains.0, Self.word(word, of: block))
            chains.1 = Self.mix(chains.1, Self.word(word + 1, of: block))
            chains.2 = Self.mix(chains.2, Self.word(word + 2, of: block))
            chains.3 = Self.mix(chains.3, Self.word(word + 3, of: block))
        }
        for chain in [chains.0, chains.1, chains.2, chains.3] { total = Self.mix(total, chain) }
        for byte in block[(words & ~3) * 8..<block.count] { total = Self.mix(total, UInt64(byte)) }
        total = Self.mix(total, UInt64(block.count))
    }

    private static func word(_ index: Int, of block: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
    }

    /// Turning brings high bits down: a product moves bits up only.
    private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word) &* prime
        return product << 29 | product >> 35
    }
}
