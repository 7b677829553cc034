/// The upper half of a single-precision value.
public struct BF16: Sendable, Hashable {
    public let bits: UInt16

    public init(bits: UInt16) { self.bits = bits }

    /// The nearest, of two equally near the even one; denormals become zero and NaN stays NaN, as Intel's
    /// VCVTNE2PS2BF16 has it.
    public init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            self.bits = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
        } else if value.isSubnormal {
            self.bits = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        } else {
            self.bits = UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
        }
    }

    public var value: Float { Float(bitPattern: UInt32(bits) << 16) }
}
