import FileIO
import Foundation
import ImageFiles
import Testing

@testable import Evaluation

@Suite struct LabelMapTests {
    private func withFile<Result>(
        _ bytes: [UInt8], _ body: (String) throws -> Result
    ) throws -> Result {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "hilo-labels-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    private func array(_ type: String, _ shape: String, _ values: [UInt8]) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
            + Array(header.utf8) + values
    }

    private func read(_ bytes: [UInt8]) throws -> LabelMap {
        try withFile(bytes) { try LabelMap(contentsOf: $0) }
    }

    @Test func arraysOfWholeNumbers() throws {
        let labels: [Int32] = [3, 255, 0, -1, 149, 7]
        let words = labels.flatMap { label in
            (0..<4).map { UInt8(truncatingIfNeeded: label >> (8 * $0)) }
        }
        let expected = LabelMap(height: 2, width: 3, labels: labels)
        #expect(try read(array("<i4", "(2, 3)", words)) == expected)
        let long = labels.flatMap { label in
            (0..<8).map { UInt8(truncatingIfNeeded: Int64(label) >> (8 * $0)) }
        }
        #expect(try read(array("<i8", "(2, 3)", long)) == expected)
        #expect(
            try read(array("|u1", "(1, 3)", [1, 255, 128]))
                == LabelMap(height: 1, width: 3, labels: [1, 255, 128]))
        #expect(
            try read(array("|i1", "(3, 1)", [1, 255, 127]))
                == LabelMap(height: 3, width: 1, labels: [1, -1, 127]))
    }

    @Test(arguments: [
        ("<f4", "(1, 1)", 4), ("<i4", "(1, 2)", 4), ("<i4", "(4,)", 16), ("<i4", "(1, 1, 1)", 4),
        (">i4", "(1, 1)", 4), ("<i8", "(4611686018427387904, 8)", 4), ("|u1", "(1, 1)", 0),
    ]) func otherArraysAreRefused(type: String, shape: String, size: Int) throws {
        let bytes = array(type, shape, [UInt8](repeating: 0, count: size))
        #expect(throws: EvaluationError.self) { try read(bytes) }
        #expect(throws: EvaluationError.self) { try read(Array(bytes.prefix(9))) }
        #expect(throws: EvaluationError.self) { try read(Array(bytes.prefix(20))) }
    }

    @Test func labelsBeyond32BitsAreRefused() throws {
        #expect(throws: EvaluationError.self) {
            try read(array("<i8", "(1, 1)", [0, 0, 0, 0, 1, 0, 0, 0]))
        }
        #expect(throws: EvaluationError.self) {
            try read(array("<u8", "(1, 1)", [255, 255, 255, 255, 255, 255, 255, 127]))
        }
    }

    /// The largest of 64 bits is not -1, whose bits it has.
    @Test func largeLabelsAreNotTakenForNegativeOnes() throws {
        #expect(throws: EvaluationError.self) {
            try read(array("<u8", "(1, 1)", [UInt8](repeating: 255, count: 8)))
        }
    }

    @Test func greyPicturesAreLabels() throws {
        let image = RGBImage(width: 2, height: 1, pixels: [7, 7, 7, 255, 255, 255])
        let path = FileManager.default.temporaryDirectory
            .appending(path: "hilo-labels-\(UUID().uuidString).png").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try image.write(to: path)
        #expect(
            try LabelMap(contentsOf: path) == LabelMap(height: 1, width: 2, labels: [7, 255]))
        try RGBImage(width: 1, height: 1, pixels: [7, 8, 7]).write(to: path)
        #expect(throws: EvaluationError.self) { try LabelMap(contentsOf: path) }
    }

    /// PNGs whose values are not what a reader of pictures sees: a palette, 16 and 4 bits.
    @Test(arguments: [(8, 3), (16, 0), (4, 0), (1, 0)])
    func otherPNGsAreRefused(depth: UInt8, kind: UInt8) throws {
        var bytes: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]
        bytes += Array("IHDR".utf8) + [0, 0, 0, 1, 0, 0, 0, 1, depth, kind, 0, 0, 0]
        #expect(throws: EvaluationError.self) { try read(bytes) }
    }

    @Test func otherFilesAreRefused() throws {
        #expect(throws: EvaluationError.self) { try read([]) }
        #expect(throws: EvaluationError.self) { try read(Array("hello".utf8)) }
        #expect(throws: FileError.self) { try LabelMap(contentsOf: "/nowhere/a.png") }
    }

    @Test func withoutZeroLabel() {
        let map = LabelMap(height: 1, width: 4, labels: [0, 1, 150, 255])
        #expect(map.withoutZeroLabel.labels == [255, 0, 149, 255])
    }
}
