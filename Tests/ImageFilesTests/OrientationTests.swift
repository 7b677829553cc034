import Testing

@testable import ImageFiles

/// How cameras are held: the tag in hand-made bytes, and what becomes of a picture.
@Suite struct OrientationTests {
    /// Three columns and two rows; the red of a pixel is its number. The other colours follow.
    private let photo = RGBImage(width: 3, height: 2, pixels: pixels([1, 2, 3, 4, 5, 6]))

    private static func pixels(_ reds: [UInt8]) -> [UInt8] {
        reds.flatMap { red -> [UInt8] in [red, 100 + red, 200] }
    }

    /// What Pillow's `ImageOps.exif_transpose` makes of 1 2 3 / 4 5 6.
    private static let turned: [(orientation: Int, rows: [[UInt8]])] = [
        (1, [[1, 2, 3], [4, 5, 6]]), (2, [[3, 2, 1], [6, 5, 4]]), (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]), (5, [[1, 4], [2, 5], [3, 6]]),
        (6, [[4, 1], [5, 2], [6, 3]]), (7, [[6, 3], [5, 2], [4, 1]]),
        (8, [[3, 6], [2, 5], [1, 4]]),
    ]

    @Test func picturesAreTurnedAsPillowDoes() throws {
        #expect(Self.turned.map(\.orientation) == Orientation.allCases.map(\.rawValue))
        for (number, rows) in Self.turned {
            let orientation = try #require(Orientation(rawValue: number))
            let image = photo.turned(orientation)
            #expect(image.width == rows[0].count && image.height == rows.count, "\(number)")
            #expect(image.pixels == Self.pixels(rows.flatMap { $0 }), "\(number)")
        }
    }

    // MARK: Files

    @Test func aFileIsTurnedUnlessItIsToStay() throws {
        for name in ["rotated.jpg", "rotated.png", "rotated-late.png"] {
            let path = ImageFixture.path(name)
            let stored = try RGBImage(contentsOf: path, ignoringOrientation: true)
            let shown = try RGBImage(contentsOf: path)
            #expect(stored.width == 19 && shown.width == 13, "\(name)")
            #expect(shown == stored.turned(.turnedLeft), "\(name)")
        }
        let plain = ImageFixture.path("rgb.jpg")
        #expect(
            try RGBImage(contentsOf: plain)
                == RGBImage(contentsOf: plain, ignoringOrientation: true))
    }

    // MARK: Bytes

    /// A TIFF directory whose second entry is the orientation.
    private func block(
        _ value: Int, isLittleEndian: Bool, type: Int = 3, count: Int = 1
    ) -> [UInt8] {
        func bytes(_ value: Int, _ size: Int) -> [UInt8] {
            let digits = (0..<size).map { UInt8(value >> (8 * $0) & 255) }
            return isLittleEndian ? digits : digits.reversed()
        }
        let parts: [[UInt8]] = [
            Array((isLittleEndian ? "II" : "MM").utf8), bytes(42, 2), bytes(10, 4), [7, 7],
            bytes(2, 2),
            bytes(0x0100, 2), bytes(3, 2), bytes(1, 4), bytes(19, 2), bytes(0, 2),
            bytes(0x0112, 2), bytes(type, 2), bytes(count, 4), bytes(value, 2), bytes(0, 2),
            bytes(0, 4),
        ]
        return Array(parts.joined())
    }

    private func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
        let length = content.count + 2
        return [0xff, marker, UInt8(length >> 8), UInt8(length & 255)] + content
    }

    private func jpeg(_ exif: [UInt8]) -> [UInt8] {
        let parts: [[UInt8]] = [
            [0xff, 0xd8], segment(0xe0, Array("JFIF".utf8)), segment(0xe1, Array("http:".utf8)),
            [0xff, 0xff], exifSegment(exif), segment(0xda, [1, 2, 3]),
        ]
        return Array(parts.joined())
    }

    private func exifSegment(_ block: [UInt8]) -> [UInt8] {
        segment(0xe1, Array("Exif".utf8) + [0, 0] + block)
    }

    @Test(arguments: 1...8, [false, true])
    func theTagIsFound(number: Int, isLittleEndian: Bool) {
        let bytes = jpeg(block(number, isLittleEndian: isLittleEndian))
        #expect(Orientation(ofJPEG: bytes).rawValue == number)
    }

    @Test(arguments: [0, 9, 255, 65_535]) func unknownNumbersAreIgnored(number: Int) {
        for isLittleEndian in [false, true] {
            let bytes = jpeg(block(number, isLittleEndian: isLittleEndian))
            #expect(Orientation(ofJPEG: bytes) == .upright)
        }
    }

    @Test func otherTypesAndCountsAreIgnored() {
        for (type, count) in [(2, 1), (5, 1), (3, 0), (3, 2), (3, 1 << 31)] {
            let bytes = jpeg(block(6, isLittleEndian: true, type: type, count: count))
            #expect(Orientation(ofJPEG: bytes) == .upright, "type \(type), \(count) values")
        }
    }

    /// Cut anywhere, or with any byte at its extremes, a block is understood or ignored.
    @Test func damagedBlocks() {
        let whole = block(6, isLittleEndian: false)
        // Behind the orientation's value come two bytes of padding and where the next directory is.
        for length in 0..<(whole.count - 6) {
            #expect(Orientation(ofJPEG: jpeg(Array(whole[..<length]))) == .upright, "\(length)")
        }
        for index in whole.indices {
            for byte: UInt8 in [0, 0x7f, 0xff] {
                var changed = whole
                changed[index] = byte
                _ = Orientation(ofJPEG: jpeg(changed))
            }
        }
        #expect(Orientation(ofJPEG: jpeg(Array("XX".utf8) + whole.dropFirst(2))) == .upright)
        #expect(Orientation(ofJPEG: jpeg([0x4d, 0x4d, 0, 43] + whole.dropFirst(4))) == .upright)
        #expect(Orientation(ofJPEG: jpeg([0x4d, 0x4d, 0, 42, 255, 255, 255, 255])) == .upright)
    }

    // MARK: PNG

    /// The picture of `rgb.png` with a chunk eXIf, as it is shown.
    ///
    /// - Parameter isWhole: whether the chunk's checksum is right.
    private func shown(_ exif: [UInt8], isWhole: Bool = true) throws -> RGBImage {
        func bigEndian(_ value: UInt32) -> [UInt8] {
            withUnsafeBytes(of: value.bigEndian, Array.init)
        }
        let named = Array("eXIf".utf8) + exif
        let check = bigEndian(isWhole ? checksum(named) : ~checksum(named))
        var bytes = try ImageFixture.bytes("rgb.png")
        // Behind the signature and the header, which has 13 bytes.
        bytes.insert(contentsOf: bigEndian(UInt32(exif.count)) + named + check, at: 8 + 25)
        return try RGBImage(decoding: bytes, path: "picture")
    }

    /// CRC-32, bit by bit.
    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in
                rest >> 1 ^ (rest & 1 == 1 ? 0xedb8_8320 : 0)
            }
        }
    }

    @Test func theChunkOfAPNGIsRead() throws {
        let stored = try RGBImage(contentsOf: ImageFixture.path("rgb.png"))
        for orientation in Orientation.allCases {
            for isLittleEndian in [false, true] {
                let block = block(orientation.rawValue, isLittleEndian: isLittleEndian)
                #expect(try shown(block) == stored.turned(orientation), "\(orientation)")
            }
        }
    }

    /// What is no reason to refuse a JPEG is none to refuse a PNG.
    @Test func damagedChunksOfAPNG() throws {
        let stored = try RGBImage(contentsOf: ImageFixture.path("rgb.png"))
        let whole = block(6, isLittleEndian: false)
        #expect(try shown(whole, isWhole: false) == stored)
        for length in 0..<(whole.count - 6) {
            #expect(try shown(Array(whole[..<length])) == stored, "\(length)")
        }
        for index in whole.indices {
            for byte: UInt8 in [0, 0x7f, 0xff] {
                var changed = whole
                changed[index] = byte
                let expected = Orientation(ofJPEG: jpeg(changed))
                #expect(try shown(changed) == stored.turned(expected), "\(index): \(byte)")
            }
        }
    }

    // MARK: Segments

    @Test func damagedSegments() {
        let whole = jpeg(block(6, isLittleEndian: true))
        for length in 0..<whole.count { _ = Orientation(ofJPEG: Array(whole[..<length])) }
        let exif = exifSegment(block(6, isLittleEndian: true))
        for before: [UInt8] in [
            [], [0xff, 0xe0, 0, 0], [0xff, 0xe0, 255, 255], [0xff, 0xd9], [3],
        ] {
            let isRead = Orientation(ofJPEG: [0xff, 0xd8] + before + exif) == .turnedLeft
            #expect(isRead == before.isEmpty, "\(before)")
        }
        // Behind the start of the pixels nothing is a segment.
        let late = [0xff, 0xd8] + segment(0xda, [1]) + exif
        #expect(Orientation(ofJPEG: late) == .upright)
        #expect(Orientation(ofJPEG: []) == .upright)
    }
}
