import Foundation
import Testing

@testable import ImageFiles

/// Files that are no pictures, or were.
@Suite struct DamagedImageTests {
    private func refusal(_ bytes: [UInt8]) -> ImageFileError? {
        #expect(throws: ImageFileError.self) { try RGBImage(decoding: bytes, path: "picture") }
    }

    /// A truncated PNG never decodes; a JPEG may when only its last bytes are missing.
    @Test(arguments: ImageFixture.names) func everyTruncation(name: String) throws {
        let whole = try ImageFixture.bytes(name)
        let expected = try RGBImage(decoding: whole, path: name)
        for length in 0..<whole.count {
            do {
                let image = try RGBImage(decoding: Array(whole[..<length]), path: name)
                #expect(name.hasSuffix(".jpg") && length >= whole.count - 2, "\(length) bytes")
                #expect(image == expected)
            } catch let error as ImageFileError {
                let isSigned = length >= (name.hasSuffix(".png") ? 8 : 3)
                #expect(error.reason == (isSigned ? .damaged : .unknownFormat))
            }
        }
    }

    /// The outcome is free, but for a crash and an error of another type.
    @Test(arguments: ImageFixture.names) func everyChangedByte(name: String) throws {
        let whole = try ImageFixture.bytes(name)
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 1 << (index % 8)
            do {
                let image = try RGBImage(decoding: bytes, path: name)
                #expect(image.pixels.count == image.width * image.height * 3)
            } catch {
                #expect(error is ImageFileError)
            }
        }
    }

    @Test func otherContent() throws {
        let html = refusal(Array("<!DOCTYPE html><html>Not found</html>".utf8))
        #expect(html?.reason == .unknownFormat)
        #expect(html?.problem.contains("neither PNG nor JPEG") == true)
        let empty = refusal([])
        #expect(empty?.reason == .unknownFormat)
        #expect(empty?.problem == "is empty; expected a PNG or JPEG picture")
        let header = try ImageFixture.bytes("rgb.png").prefix(8)
        #expect(refusal(header + Array("<html>".utf8))?.reason == .damaged)
    }

    @Test func missingFilesAndFolders() {
        for path in ["/missing/picture.png", "/"] {
            let error = #expect(throws: ImageFileError.self) { try RGBImage(contentsOf: path) }
            #expect(error?.path == path)
            #expect(error?.reason == .unreadable)
        }
    }

    /// The size is refused before space is made for the pixels.
    @Test func hugePictures() throws {
        var jpeg = try ImageFixture.bytes("grey.jpg")
        let frame = try #require(
            jpeg.indices.dropLast(8).first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xc0 })
        jpeg.replaceSubrange((frame + 5)..<(frame + 9), with: [0, 13, 0x4e, 0x21])
        let error = refusal(jpeg)
        #expect(error?.reason == .tooLarge)
        #expect(error?.problem == "is 20001×13 pixels; sides up to 20000 are read")
    }

    @Test func longFiles() throws {
        let path = NSTemporaryDirectory() + "/hilo-image-" + UUID().uuidString + ".png"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
        try #require(truncate(path, RGBImage.maximumFileSize + 1) == 0)
        let error = #expect(throws: ImageFileError.self) { try RGBImage(contentsOf: path) }
        #expect(error?.reason == .tooLarge)
        #expect(error?.problem == "has 536870913 bytes; pictures up to 536870912 are read")
    }

    /// libpng's own words reach the message.
    @Test func messagesSayWhatIsWrong() throws {
        let png = try ImageFixture.bytes("rgb.png")
        #expect(
            refusal(Array(png.dropLast(20)))?.description
                == "picture: cannot be decoded as PNG: the file ends early")
        let jpeg = try ImageFixture.bytes("rgb.jpg")
        #expect(
            refusal(Array(jpeg.dropLast(60)))?.description
                == "picture: cannot be decoded as JPEG: Premature end of JPEG file")
    }
}
