extension TensorRecord {
    /// Copies the elements from the tensor's storage into row-major order, with their own sign.
    func pack(from storage: UnsafeRawBufferPointer) -> [UInt8] {
        switch elementType.byteCount {
        case 2: pack(from: storage, as: UInt16.self)
        case 4: pack(from: storage, as: UInt32.self)
        default: pack(from: storage, as: UInt64.self)
        }
    }

    /// The bits of the negative of a little-endian element.
    private func negated<Bits: FixedWidthInteger>(_ bits: Bits) -> Bits {
        let value = Bits(littleEndian: bits)
        let sign: Bits = 1 << (Bits.bitWidth - 1)
        let negative = elementType.isFloatingPoint ? value ^ sign : 0 &- value
        return negative.littleEndian
    }

    private func pack<Bits: FixedWidthInteger & BitwiseCopyable>(
        from storage: UnsafeRawBufferPointer, as type: Bits.Type
    ) -> [UInt8] {
        let size = MemoryLayout<Bits>.size
        return [UInt8](unsafeUninitializedCapacity: byteCount) { packed, written in
            let target = UnsafeMutableRawBufferPointer(packed)
            forEachRow { row, start in
                for column in 0..<rowLength {
                    let element = (start + column * (strides.last ?? 0)) * size
                    let bits = storage.loadUnaligned(fromByteOffset: element, as: type)
                    target.storeBytes(
                        of: isNegated ? negated(bits) : bits,
                        toByteOffset: (row * rowLength + column) * size, as: type)
                }
            }
            written = byteCount
        }
    }

    /// Elements along the last dimension.
    private var rowLength: Int { shape.last ?? 1 }

    /// Calls `body` with each row's number and the storage index of its first element.
    private func forEachRow(_ body: (_ row: Int, _ start: Int) -> Void) {
        guard count > 0 else { return }
        var index = [Int](repeating: 0, count: max(shape.count - 1, 0))
        var start = offset
        for row in 0..<count / rowLength {
            body(row, start)
            // Counts up like an odometer, the last dimension but one fastest.
            for axis in index.indices.reversed() {
                if index[axis] + 1 < shape[axis] {
                    index[axis] += 1
                    start += strides[axis]
                    break
                }
                start -= strides[axis] * index[axis]
                index[axis] = 0
            }
        }
    }
}
