import Foundation
import Testing

@testable import ImageFiles

private let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/images")

/// Small pictures of every kind, 19×13 pixels, and Pillow's pixels of them.
enum ImageFixture {
    static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?
        .filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }.sorted() ?? []

    static func path(_ name: String) -> String { folder.appending(path: name).path }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    static func pixels(_ name: String) throws -> [UInt8] {
        let json = try Data(contentsOf: folder.appending(path: "pixels.json"))
        let table = try JSONDecoder().decode([String: String].self, from: json)
        let digits = try #require(table[name])
        return try #require([UInt8](hex: digits))
    }
}

extension [UInt8] {
    /// The bytes that a string of hexadecimal digits spells.
    init?(hex: String) {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == hex.count, digits.count.isMultiple(of: 2) else { return nil }
        self = Swift.stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}

@Suite struct ImageFixtureTests {
    @Test func allKindsArePresent() {
        #expect(ImageFixture.names.count == 24)
    }

    /// PNG to the bit; JPEG decoders may round differently.
    @Test(arguments: ImageFixture.names) func decodesAsPillow(name: String) throws {
        let path = ImageFixture.path(name)
        let image = try RGBImage(contentsOf: path, ignoringOrientation: true)
        #expect(image.width == 19)
        #expect(image.height == 13)
        let expected = try ImageFixture.pixels(name)
        try #require(image.pixels.count == expected.count)
        let worst = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? 0
        #expect(worst <= (name.hasSuffix(".jpg") ? 2 : 0))
    }

    @Test func contentCountsNotTheName() throws {
        let path = NSTemporaryDirectory() + "/hilo-image-" + UUID().uuidString + ".png"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.copyItem(atPath: ImageFixture.path("rgb.jpg"), toPath: path)
        let original = try RGBImage(contentsOf: ImageFixture.path("rgb.jpg"))
        #expect(try RGBImage(contentsOf: path) == original)
    }

    @Test(arguments: [(1, 1), (37, 5), (3, 200)]) func writtenPicturesComeBack(
        width: Int, height: Int
    ) throws {
        let pixels = (0..<(width * height * 3)).map { UInt8(($0 * 2_654_435_761) >> 24 & 255) }
        let image = RGBImage(width: width, height: height, pixels: pixels)
        let path = NSTemporaryDirectory() + "/hilo-image-" + UUID().uuidString + ".png"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try image.write(to: path)
        #expect(try RGBImage(contentsOf: path) == image)
    }

    @Test func writingIntoAMissingFolder() {
        let image = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
        let error = #expect(throws: ImageFileError.self) { try image.write(to: "/missing/a.png") }
        #expect(
            error
                == ImageFileError(
                    path: "/missing/a.png", reason: .unwritable,
                    problem: "cannot be created: No such file or directory"))
    }
}
