extension StoredType {
    /// Widens or rounds packed little-endian elements to `Float`, as PyTorch's `.float()` does.
    ///
    /// - Parameter bytes: whole elements of this type, at any alignment.
    func floats(from bytes: UnsafeRawBufferPointer) -> [Float] {
        switch self {
        case .float32:
            return [Float](unsafeUninitializedCapacity: bytes.count / 4) { buffer, count in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
                count = bytes.count / 4
            }
        case .bfloat16:
            return convert(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
        case .float16:
            return convert(bytes, float(fromHalf:))
        case .float64:
            return convert(bytes) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
        case .int64:
            return convert(bytes) { (bits: UInt64) in Float(Int64(bitPattern: bits)) }
        }
    }
}

private func convert<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ element: (Bits) -> Float
) -> [Float] {
    let size = MemoryLayout<Bits>.size
    return [Float](unsafeUninitializedCapacity: bytes.count / size) { buffer, count in
        count = bytes.count / size
        for index in 0..<count {
            let bits = bytes.loadUnaligned(fromByteOffset: index * size, as: Bits.self)
            buffer.initializeElement(at: index, to: element(Bits(littleEndian: bits)))
        }
    }
}

/// IEEE binary16 to binary32, by hand because `Float16` does not exist on Intel Macs.
func float(fromHalf bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
        // Subnormals count in steps of 2^-24.
        let magnitude = Float(fraction) * 0x1p-24
        return sign == 0 ? magnitude : -magnitude
    case 0x1f:
        return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default:
        return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}
