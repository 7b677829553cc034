import Foundation
import Testing

@testable import Checkpoints

/// Hand-written headers: every rule of the format, from both sides.
@Suite struct SafetensorsTests {
    private func file(_ header: String, dataCount: Int = 0) -> Data {
        Data(littleEndian: UInt64(header.utf8.count)) + Data(header.utf8) + Data(count: dataCount)
    }

    private func tensor(
        _ name: String = "a", _ dtype: String = "F32", _ shape: String = "[2]",
        _ offsets: String = "[0,8]"
    ) -> String {
        #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
    }

    @Test func acceptsWhatTheFormatAllows() throws {
        let header = """
            { "__metadata__" : {"a\\u00e9\\ud83d\\ude00\\n":"\\"\\\\\\/"},
            \(tensor("z", "F64", "[]", "[8,16]")), \(tensor()),
            \(tensor("n", "I64", "[0,3]", "[8,8]")),
            \(tensor("h", "BF16", "[1,1]", "[16,18]")) }\u{20}
            """
        let checkpoint = try read(file(header, dataCount: 18))
        #expect(checkpoint.format == .safetensors)
        #expect(checkpoint.names == ["a", "h", "n", "z"])
        #expect(checkpoint.metadata == ["aé😀\n": "\"\\/"])
        #expect(checkpoint.tensors["z"]?.shape == [])
        #expect(checkpoint.tensors["n"]?.shape == [0, 3])
        #expect(try read(file("{}")).names == [])
    }

    @Test(arguments: [
        ("[0,7]", "[2]", 7, "occupies 7 bytes"),
        ("[8,0]", "[2]", 8, "ends before it begins"),
        ("[0,8]", "[2]", 9, "has 9 bytes of tensor data"),
        ("[0,8]", "[2]", 7, "has 7 bytes of tensor data"),
        ("[1,9]", "[2]", 9, "begins at byte 1"),
        ("[0,8]", "[4294967296,4294967296,0]", 8, "occupies"),
        ("[0,8]", "[9223372036854775808]", 8, "too large"),
        ("[0,8]", "[2305843009213693953]", 8, "occupies"),
        ("[0,8,8]", "[2]", 8, "malformed"),
        ("[0,\"8\"]", "[2]", 8, "malformed"),
        ("[0,8]", "2", 8, "malformed"),
        ("[0,8]", "[-2]", 8, "no value"),
        ("[0,8]", "[2.0]", 8, "no ']'"),
        ("[0,8]", "[02]", 8, "leading zero"),
        ("[0,8]", "[1,1,1,1,1,1,1,1,2]", 8, "9 dimensions"),
        ("[0,8]", "[[2]]", 8, "malformed"),
        ("[0,8]", "[[[2]]]", 8, "too deep"),
        (
            "[0,8]", "[\(Array(repeating: "1", count: 65).joined(separator: ","))]", 8,
            "too many elements"
        ),
    ])
    func impossibleTensor(offsets: String, shape: String, dataCount: Int, fragment: String) {
        let header = "{\(tensor("a", "F32", shape, offsets))}"
        expectFlaw(.damaged, fragment) { _ = try read(file(header, dataCount: dataCount)) }
    }

    @Test func overlapAndGap() {
        let first = tensor("a", "F32", "[2]", "[0,8]")
        for (offsets, dataCount) in [("[4,12]", 12), ("[0,8]", 8), ("[12,20]", 20)] {
            let header = "{\(first),\(tensor("b", "F32", "[2]", offsets))}"
            expectFlaw(.damaged, "tensor b begins at byte", "expected: byte 8") {
                _ = try read(file(header, dataCount: dataCount))
            }
        }
    }

    @Test(arguments: [
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "malformed"),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offset\":[0,8]}}", "malformed"),
        ("{\"a\":3}", "malformed"),
        ("{\"__metadata__\":[]}", "not an object of strings"),
        ("{\"__metadata__\":{\"a\":1}}", "entry a is not a string"),
        ("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "the second \"a\""),
        ("{} {}", "text after its end"),
        ("{\"a\"}", "no ':'"),
        ("{\"a\":{}", "no '}'"),
        ("{\"a", "unfinished string"),
        ("{\"a\\q\":1}", "unknown escape"),
        ("{\"a\\u12\":1}", "unfinished escape"),
        ("{\"a\\ud83d\":1}", "surrogate"),
        ("{\"a\\ude00\":1}", "surrogate"),
        ("{\"a\\ud83d\\u0041\":1}", "surrogate"),
        ("{\"a\u{1}\":1}", "control character"),
        ("{\"a\":null}", "no value"),
        ("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", "too deep"),
        ("{\"a\":{\"a\":{\"a\":{}}}}", "malformed"),
        ("{", "no '\"'"),
        ("{,}", "no '\"'"),
    ])
    func malformedHeader(header: String, fragment: String) {
        expectFlaw(.damaged, fragment) { _ = try read(file(header)) }
    }

    @Test func nameTwice() {
        expectFlaw(.damaged, "the second \"a\"") {
            _ = try read(
                file("{\(tensor()),\(tensor("a", "F32", "[2]", "[8,16]"))}", dataCount: 16))
        }
    }

    @Test func otherTypesAreNotRead() throws {
        let header = "{\(tensor("a", "F8_E4M3", "[8]")),\(tensor("b", "F32", "[2]", "[8,16]"))}"
        let checkpoint = try read(file(header, dataCount: 16))
        #expect(checkpoint.names == ["b"])
        #expect(checkpoint.unread == ["a": "a tensor of the dtype F8_E4M3"])
        expectFlaw(.mismatch, "wrong type: a, expected floating point, found a tensor of the") {
            _ = try checkpoint.weights(
                matching: [ExpectedTensor(name: "a", shape: [8])], allowingUnused: true)
        }
    }

    @Test func longName() {
        let name = String(repeating: "n", count: 1025)
        expectFlaw(.damaged, "name of 1025 bytes") {
            _ = try read(file("{\(tensor(name))}", dataCount: 8))
        }
    }

    @Test func headerLength() {
        let body = Data("{}".utf8)
        expectFlaw(.damaged, "only 2 are left") {
            _ = try read(Data(littleEndian: UInt64(3)) + body)
        }
        expectFlaw(.damaged, "100000001 bytes") {
            _ = try read(Data(littleEndian: UInt64(100_000_001)) + body)
        }
        expectFlaw(.damaged, "impossible size") {
            _ = try read(Data(littleEndian: UInt64.max) + body)
        }
        expectFlaw(.damaged, "not a JSON object") {
            _ = try read(Data(littleEndian: UInt64(0)) + body)
        }
    }

    @Test func invalidUTF8() {
        expectFlaw(.damaged, "not UTF-8") {
            _ = try read(Data(littleEndian: UInt64(3)) + [0x7b, 0xff, 0x7d])
        }
    }
}
