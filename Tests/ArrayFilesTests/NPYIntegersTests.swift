import ArrayFiles
import Foundation
import Testing

/// Whole numbers, of which the files that were made to break the reader of floats are refused too.
@Suite struct NPYIntegersTests {
    private func withFile<Result>(
        _ bytes: [UInt8], _ body: (String) throws -> Result
    ) throws -> Result {
        let path = NSTemporaryDirectory() + "/hilo-integers-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        return try body(path)
    }

    private func read(_ bytes: [UInt8]) throws -> NPYIntegers {
        try withFile(bytes) { try NPYIntegers(contentsOf: $0) }
    }

    private func file(_ type: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
        HostileNPY.file(header: HostileNPY.header(shape: shape, type: type), data: 0) + data
    }

    @Test(
        arguments: [
            ("|i1", [0xfe, 0xff, 7], [-2, -1, 7]), ("|u1", [0xfe, 0xff, 7], [254, 255, 7]),
            ("<i2", [0xfe, 0xff, 7, 0, 0, 1], [-2, 7, 256]),
            ("<u2", [0xfe, 0xff, 7, 0, 0, 1], [65_534, 7, 256]),
            (
                "<i4", [0xfe, 0xff, 0xff, 0xff, 7, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f],
                [-2, 7, .max]
            ),
        ] as [(String, [UInt8], [Int32])])
    func reads(type: String, data: [UInt8], values: [Int32]) throws {
        #expect(try read(file(type, "(3, 1)", data)) == NPYIntegers(shape: [3, 1], values: values))
    }

    @Test func readsLongNumbers() throws {
        let data = [-1, 7, Int64(Int32.min)].flatMap { number in
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        #expect(try read(file("<i8", "(3,)", data)).values == [-1, 7, .min])
    }

    /// Also the largest of 64 bits, whose bits are those of -1.
    @Test(
        arguments: [
            ("<u4", [0, 0, 0, 0x80]), ("<i8", [0, 0, 0, 0, 1, 0, 0, 0]),
            ("<u8", [UInt8](repeating: 0xff, count: 8)),
        ] as [(String, [UInt8])])
    func numbersBeyond32BitsAreRefused(type: String, data: [UInt8]) throws {
        let error = #expect(throws: NPYError.self) { try read(file(type, "(1,)", data)) }
        #expect(error?.problem.contains("32 bits") == true)
    }

    @Test(arguments: ["<f4", ">i4", "<i3", "i4", "<i16", "<c8"])
    func otherElementsAreRefused(type: String) throws {
        let error = #expect(throws: NPYError.self) {
            try read(file(type, "(1,)", [0, 0, 0, 0]))
        }
        #expect(error?.problem.contains("'\(type)'; expected whole numbers") == true)
    }

    @Test func everyTruncationIsRefused() throws {
        let whole = file("<i4", "(2, 3)", [UInt8](repeating: 1, count: 24))
        #expect(try read(whole).shape == [2, 3])
        for length in 0..<whole.count {
            #expect(throws: NPYError.self) { try read(Array(whole.prefix(length))) }
        }
        #expect(throws: NPYError.self) { try read(whole + [0]) }
    }

    @Test(arguments: [
        "(4611686018427387904, 8)", "(3037000500, 3037000500)", "(99999999999999999999, 1)",
        "(1000000, 1000000)", "(-1,)",
    ]) func impossibleShapesAreRefused(shape: String) {
        #expect(throws: NPYError.self) { try read(file("<i4", shape, [1, 0, 0, 0])) }
    }

    @Test func hostileFilesAreRefused() {
        for bytes in HostileNPY.all {
            #expect(throws: NPYError.self) { try read(bytes) }
        }
        #expect(throws: NPYError.self) { try NPYIntegers(contentsOf: "/missing/array.npy") }
    }

    @Test(arguments: [[2, 3], [6], [1, 6, 1]]) func theyComeBack(shape: [Int]) throws {
        let array = NPYIntegers(shape: shape, values: [0, -1, .max, .min, 255, 7])
        let copy = try withFile([]) { path in
            try array.write(to: path)
            return try NPYIntegers(contentsOf: path)
        }
        #expect(copy == array)
        let error = #expect(throws: NPYError.self) { try array.write(to: "/missing/array.npy") }
        #expect(error?.path == "/missing/array.npy")
    }
}
