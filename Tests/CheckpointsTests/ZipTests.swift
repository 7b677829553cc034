import Foundation
import Testing

@testable import Checkpoints

/// Zip files that contradict themselves.
@Suite struct ZipTests {
    /// Offset of the first entry in the central directory of a fixture without ZIP64.
    private func directory(_ data: Data) throws -> Int {
        try data.offset(of: [0x50, 0x4b, 1, 2])
    }

    @Test func checksumIsComparedUnlessDeclined() throws {
        var data = try fixtureData("tiny.pth")
        let values = [1, 2].reduce(Data()) { $0 + Data(littleEndian: Float($1).bitPattern) }
        let offset = try data.offset(of: Array(values))
        data[offset] ^= 0xff
        expectFlaw(.damaged, "checksum", "tiny/data/0") { _ = try read(data) }
        let unverified = try read(data, verifyingChecksums: false)
        #expect(try unverified.floats("a")[1] != 1)
    }

    @Test func checksumIsTheOneOfZip() {
        // The check value of CRC-32/ISO-HDLC, and the lengths around a block of eight.
        #expect(Data("123456789".utf8).withUnsafeBytes(CRC32.checksum) == 0xcbf4_3926)
        #expect(Data().withUnsafeBytes(CRC32.checksum) == 0)
        let text = Data("The quick brown fox jumps over the lazy dog".utf8)
        #expect(text.withUnsafeBytes(CRC32.checksum) == 0x414f_a339)
    }

    @Test func encrypted() throws {
        let data = try fixtureData("zip64.pth")
        let flags = try directory(data) + 8
        expectFlaw(.unsupported, "encrypted") {
            _ = try read(data.replacing(at: flags, with: UInt16(1)))
        }
    }

    @Test func splitArchive() throws {
        let data = try fixtureData("descriptors.pth")
        expectFlaw(.unsupported, "split") {
            _ = try read(data.replacing(at: directory(data) + 34, with: UInt16(2)))
        }
        expectFlaw(.unsupported, "split") {
            _ = try read(data.replacing(at: data.count - 18, with: UInt16(1)))
        }
    }

    @Test func overlappingEntries() throws {
        let data = try fixtureData("descriptors.pth")
        let first = try directory(data)
        // The first entry claims to be longer than the space before the second.
        let longer = data.replacing(at: first + 20, with: UInt32(400))
            .replacing(at: first + 24, with: UInt32(400))
        expectFlaw(.damaged, "overlaps") { _ = try read(longer, verifyingChecksums: false) }
    }

    @Test(arguments: [UInt32(1), 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff])
    func impossibleOffset(offset: UInt32) throws {
        let data = try fixtureData("descriptors.pth")
        expectFlaw(.damaged) {
            _ = try read(data.replacing(at: directory(data) + 42, with: offset))
        }
    }

    @Test(arguments: [UInt64(1), UInt64(Int.max), UInt64.max])
    func impossibleWideSize(size: UInt64) throws {
        let data = try fixtureData("zip64.pth")
        let extra = try directory(data) + 46 + "tiny/data.pkl".utf8.count
        let resized = data.replacing(at: extra + 4, with: size).replacing(
            at: extra + 12, with: size)
        expectFlaw(.damaged) { _ = try read(resized, verifyingChecksums: false) }
    }

    @Test func wrongEntryCount() throws {
        let data = try fixtureData("descriptors.pth")
        expectFlaw(.damaged, "zip directory has") {
            _ = try read(data.replacing(at: data.count - 12, with: UInt16(3)))
        }
    }

    @Test func commentAtTheEnd() throws {
        var data = try fixtureData("descriptors.pth")
        data = data.replacing(at: data.count - 2, with: UInt16(5)) + Data("hello".utf8)
        #expect(try read(data).floats("a") == [0, 1, 2])
        expectFlaw(.damaged, "directory, at the end, is missing") { _ = try read(data + [0]) }
    }

    @Test func localHeaderOfAnotherEntry() throws {
        let data = try fixtureData("descriptors.pth")
        let name = try data.offset(of: Array("tiny/data.pkl".utf8))
        expectFlaw(.damaged, "another name") {
            _ = try read(data.replacing(at: name, with: UInt8(ascii: "x")))
        }
    }
}
