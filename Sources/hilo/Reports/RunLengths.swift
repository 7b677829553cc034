import HiLoKit

/// A mask in COCO's text: lengths of runs outside and inside, down the columns, in pieces of five
/// bits from the lowest on; from the fourth length on the difference to the one before the last.
enum RunLengths {
    /// The pixels, row by row, 1 inside.
    ///
    /// - Returns: nil when the text is something else.
    static func pixels(of text: String, size: Resolution) -> [UInt8]? {
        guard let lengths = lengths(of: text) else { return nil }
        var pixels = [UInt8](repeating: 0, count: size.count)
        var place = 0
        for (index, length) in lengths.enumerated() {
            guard length >= 0, length <= size.count - place else { return nil }
            if !index.isMultiple(of: 2) {
                for pixel in place..<place + length {
                    pixels[pixel % size.height * size.width + pixel / size.height] = 1
                }
            }
            place += length
        }
        return place == size.count ? pixels : nil
    }

    private static func lengths(of text: String) -> [Int]? {
        var lengths: [Int] = []
        var (value, shift) = (0, 0)
        for byte in text.utf8 {
            guard (48..<112).contains(byte), shift < 35 else { return nil }
            let bits = Int(byte) - 48
            value |= (bits & 31) << shift
            shift += 5
            guard bits & 32 == 0 else { continue }
            if bits & 16 != 0 { value -= 1 << shift }
            lengths.append(lengths.count > 2 ? value + lengths[lengths.count - 2] : value)
            (value, shift) = (0, 0)
        }
        return shift == 0 ? lengths : nil
    }
}
