extension Orientation {
    /// What the EXIF block of a JPEG file says; upright when there is none, and when it is damaged:
    /// a picture that decoders read must not fail for a note of its camera.
    init(ofJPEG bytes: [UInt8]) {
        self = Self.exifBlock(of: bytes).map(Orientation.init(ofEXIF:)) ?? .upright
    }

    /// What an EXIF block says, which is also what PNG files have in their chunk eXIf.
    init(ofEXIF block: ArraySlice<UInt8>) {
        self = ExifBlock(block)?.orientation ?? .upright
    }

    /// The first APP1 segment that holds EXIF, behind its name; they stand before the pixels.
    private static func exifBlock(of bytes: [UInt8]) -> ArraySlice<UInt8>? {
        let name: [UInt8] = Array("Exif".utf8) + [0, 0]
        var position = 2
        while position + 4 <= bytes.count, bytes[position] == 0xff {
            let marker = bytes[position + 1]
            switch marker {
            // Bytes of 0xff may fill up.
            case 0xff: position += 1
            // Start and end of image, restarts and TEM stand alone.
            case 0x01, 0xd0...0xd8: position += 2
            // The pixels, or the end.
            case 0xd9, 0xda: return nil
            default:
                let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
                let end = position + 2 + length
                guard length >= 2, end <= bytes.count else { return nil }
                let content = bytes[(position + 4)..<end]
                if marker == 0xe1, content.starts(with: name) {
                    return content.dropFirst(name.count)
                }
                position = end
            }
        }
        return nil
    }
}

/// The TIFF structure of an EXIF block, as far as the orientation needs it. Offsets count from the
/// start of the block, and every access is checked against its end.
private struct ExifBlock {
    private let bytes: ArraySlice<UInt8>
    private let isLittleEndian: Bool

    private static let entrySize = 12
    private static let orientationTag = 0x0112
    private static let shortType = 3

    /// - Returns: nil when it does not begin as TIFF does.
    init?(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        if bytes.starts(with: Array("II".utf8)) {
            isLittleEndian = true
        } else if bytes.starts(with: Array("MM".utf8)) {
            isLittleEndian = false
        } else {
            return nil
        }
        guard integer(at: 2, size: 2) == 42 else { return nil }
    }

    /// The tag's value in the first directory; nil when it is missing, cut off or unknown.
    var orientation: Orientation? {
        guard let directory = integer(at: 4, size: 4),
            let count = integer(at: directory, size: 2)
        else { return nil }
        for index in 0..<count {
            let entry = directory + 2 + index * Self.entrySize
            guard let tag = integer(at: entry, size: 2) else { return nil }
            guard tag == Self.orientationTag else { continue }
            guard integer(at: entry + 2, size: 2) == Self.shortType,
                integer(at: entry + 4, size: 4) == 1
            else { return nil }
            return integer(at: entry + 8, size: 2).flatMap(Orientation.init(rawValue:))
        }
        return nil
    }

    /// An unsigned integer of `size` bytes; nil beyond the end.
    private func integer(at offset: Int, size: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - size else { return nil }
        let start = bytes.startIndex + offset
        let digits = bytes[start..<(start + size)]
        let ordered = isLittleEndian ? Array(digits.reversed()) : Array(digits)
        return ordered.reduce(0) { $0 << 8 | Int($1) }
    }
}
