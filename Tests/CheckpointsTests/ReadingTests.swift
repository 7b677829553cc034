import Foundation
import Testing

@testable import Checkpoints

/// Every readable fixture holds, bit for bit, what the official library wrote beside it.
@Suite struct ReadingTests {
    @Test(arguments: [
        ("layouts.pth", "layouts", FileFormat.torchZip),
        ("legacy.pth", "layouts", .torchLegacy),
        ("layouts.safetensors", "layouts", .safetensors),
        ("training.pth", "training", .torchZip),
        ("training4.pth", "training", .torchZip),
        ("network_legacy.pth", "training", .torchLegacy),
        ("legacy_views.pth", "legacy_views", .torchLegacy),
    ])
    func holdsTheExpectedBits(file: String, expected: String, format: FileFormat) throws {
        let found = try Checkpoint.read(path: fixture(file))
        let wanted = try OfficialFile(fixtureData("\(expected).safetensors"))
        #expect(found.format == format)
        #expect(found.names == wanted.entries.keys.sorted())
        for (name, entry) in wanted.entries {
            let record = try #require(found.tensors[name])
            #expect(record.shape == entry.shape, "\(name)")
            #expect(record.elementType.safetensorsName == entry.dtype, "\(name)")
            #expect(try found.bytes(name) == entry.bytes, "\(name)")
        }
    }

    /// A second, independent way to read safetensors: Foundation's JSON parser.
    private struct OfficialFile {
        struct Entry {
            let dtype: String
            let shape: [Int]
            let bytes: Data
        }
        var entries: [String: Entry] = [:]

        init(_ data: Data) throws {
            let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let header = try #require(
                JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(length))
                    as? [String: [String: Any]])
            for (name, fields) in header {
                let offsets = try #require(fields["data_offsets"] as? [Int])
                entries[name] = Entry(
                    dtype: try #require(fields["dtype"] as? String),
                    shape: try #require(fields["shape"] as? [Int]),
                    bytes: data.subdata(in: 8 + length + offsets[0]..<8 + length + offsets[1]))
            }
        }
    }

    @Test(arguments: ["layouts.pth", "legacy.pth", "layouts.safetensors"])
    func convertsToFloat(file: String) throws {
        let checkpoint = try Checkpoint.read(path: fixture(file))
        #expect(try checkpoint.floats("scalar") == [-2.75])
        #expect(try checkpoint.floats("empty") == [])
        #expect(try checkpoint.floats("int64") == [-0x1p62, -1, 0, 0x1p53])
        let special = try checkpoint.floats("special")
        #expect(special[0].isNaN)
        #expect(special[1...] == [.infinity, -.infinity, 0, .leastNonzeroMagnitude])
        #expect(special[3].sign == .minus)
        let whole = try checkpoint.floats("shared.whole")
        #expect(try checkpoint.floats("shared.row") == Array(whole[14..<21]))
        #expect(try checkpoint.floats("float16").count == 18)
        let double = try checkpoint.bytes("permuted_double").withUnsafeBytes {
            $0.bindMemory(to: Double.self).map { Float($0) }
        }
        #expect(try checkpoint.floats("permuted_double") == double)
    }

    @Test func valuesOutliveTheCheckpoint() throws {
        let bytes = try Checkpoint.read(path: fixture("tiny.pth")).bytes("a")
        #expect(bytes.startIndex == 0)
        #expect(
            bytes == [0, 1, 2].reduce(Data()) { $0 + Data(littleEndian: Float($1).bitPattern) })
    }

    @Test func unknownNameIsAnError() throws {
        let checkpoint = try Checkpoint.read(path: fixture("tiny.pth"))
        expectFlaw(.mismatch, "tiny.pth", "has no tensor c") { _ = try checkpoint.floats("c") }
        expectFlaw(.mismatch, "has no tensor c") { _ = try checkpoint.bytes("c") }
    }

    @Test(arguments: ["zip64.pth", "descriptors.pth", "no_checksums.pth"])
    func readsOtherDialectsOfZip(file: String) throws {
        let checkpoint = try Checkpoint.read(path: fixture(file))
        #expect(try checkpoint.floats("a") == [0, 1, 2])
        #expect(try checkpoint.floats("b") == [0, 2, 1, 3])
    }

    @Test(arguments: ["training.pth", "training4.pth"])
    func trainingCheckpointCarriesItsConfiguration(file: String) throws {
        let checkpoint = try Checkpoint.read(path: fixture(file))
        let configuration = try #require(checkpoint.configuration)
        let lit = try #require(configuration["MODEL"]?["LIT"])
        #expect(lit["ALPHA"]?.double == 0.9)
        #expect(lit["DEPTHS"]?.list?.compactMap(\.integer) == [2, 2, 6, 2])
        #expect(configuration["MODEL"]?["TYPE"]?.string == "litv2")
        #expect(configuration["MODEL"]?["RESUME"] == .null)
        #expect(configuration["DATA"]?["IMG_SIZE"]?.double == 224)
        #expect(configuration["DATA"]?["MEAN"] == .list([.double(0.5), .double(0.25)]))
        #expect(configuration["BASE"] == .list([.string("")]))
        #expect(configuration["AMP"]?.boolean == true)
        #expect(configuration["NONE"] == nil)
        #expect(checkpoint.opaqueGlobals.contains("yacs.config.CfgNode"))
    }

    @Test func bareStateDictHasNoConfiguration() throws {
        let checkpoint = try Checkpoint.read(path: fixture("layouts.pth"))
        #expect(checkpoint.configuration == nil)
        #expect(checkpoint.opaqueGlobals.isEmpty)
    }
}
