import ArrayFiles
import Foundation
import Testing

@testable import HiLoKit

/// What a segmenter's program writes.
@Suite struct ClassMapTests {
    private let sandbox: Sandbox
    private var file: URL { sandbox.file("labels.npy") }

    init() throws { sandbox = try Sandbox() }

    @Test func labelsAreRead() throws {
        try NPYIntegers(shape: [2, 3], values: [7, 0, 1, 1, 149, 2]).write(to: file.path)
        let map = try ClassMap(contentsOf: file)
        #expect(map.size == Resolution(height: 2, width: 3))
        #expect(map.classes == [7, 0, 1, 1, 149, 2])
    }

    /// Damaged ones are refused, of any length.
    @Test func damagedLabelsAreRefused() throws {
        try NPYIntegers(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]).write(to: file.path)
        let whole = try Data(contentsOf: file)
        for length in 0..<whole.count {
            try whole.prefix(length).write(to: file)
            #expect(throws: LibraryError.self) { try ClassMap(contentsOf: file) }
        }
        #expect(throws: LibraryError.self) { try ClassMap(contentsOf: sandbox.file("none.npy")) }
    }

    @Test(arguments: [
        "(4611686018427387904, 8)", "(3037000500, 3037000500)", "(6,)", "(1, 2, 3)",
    ]) func impossibleShapesAreRefused(shape: String) throws {
        let header = "{'descr': '<i4', 'fortran_order': False, 'shape': \(shape), }\n"
        let start = NPYArray.magic + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
        try Data(start + [UInt8](repeating: 1, count: 24)).write(to: file)
        #expect(throws: LibraryError.self) { try ClassMap(contentsOf: file) }
    }

    @Test func pixelsOfEachClassAreCounted() {
        let map = ClassMap(
            size: Resolution(height: 2, width: 4), classes: [5, 5, 1, 5, 5, 5, 0, -1])
        #expect(map.counts == [5: 5, 1: 1, 0: 1, -1: 1])
        let empty = ClassMap(size: Resolution(height: 0, width: 4), classes: [])
        #expect(empty.counts.isEmpty)
    }
}
