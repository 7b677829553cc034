import ArrayFiles
import Foundation
import Testing

/// Each file made to break the reader is read or refused.
@Suite struct HostileNPYTests {
    private func read(_ bytes: [UInt8]) throws -> NPYArray {
        let path = NSTemporaryDirectory() + "/hilo-hostile-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        return try NPYArray(contentsOf: path)
    }

    private func expectRefusal(_ refusal: HostileNPY.Refusal) {
        let error = #expect(throws: NPYError.self) { try read(refusal.bytes) }
        #expect(
            error?.problem.contains(refusal.part) == true,
            "expected \(refusal.part), found \(String(describing: error))")
    }

    @Test func acceptsOtherSpellings() throws {
        for spelling in HostileNPY.spellings {
            let array = try read(spelling)
            #expect(array.shape == [1, 3])
            #expect(array.values.map(\.bitPattern) == [0xf9a6_5300, 0x4ff7_a451, 0xa04d_f5a2])
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let whole = HostileNPY.whole
        #expect(try read(whole).shape == [2, 3])
        for bytes in HostileNPY.truncations {
            #expect(throws: NPYError.self) { try read(bytes) }
        }
        expectRefusal((whole + [0], "bytes; expected \(whole.count)"))
    }

    @Test func everyChangedByteIsReadOrRefused() throws {
        for bytes in HostileNPY.changes {
            do {
                let array = try read(bytes)
                #expect(array.values.count == array.shape.reduce(1, *))
            } catch {
                #expect(error is NPYError)
            }
        }
    }

    @Test func sizesThatOverflowAreRefused() { HostileNPY.overflows.forEach(expectRefusal) }

    @Test func emptyArraysMayHaveAnyOtherExtent() throws {
        #expect(try read(HostileNPY.empty).values.isEmpty)
    }

    @Test func longHeadersAreRefused() { HostileNPY.long.forEach(expectRefusal) }

    @Test func damagedHeadersAreRefused() { HostileNPY.damaged.forEach(expectRefusal) }

    @Test func otherFilesAreRefused() throws {
        HostileNPY.others.forEach(expectRefusal)
        for path in ["/", "/missing/array.npy"] {
            let error = #expect(throws: NPYError.self) { try NPYArray(contentsOf: path) }
            #expect(error?.path == path)
        }
        let error = #expect(throws: NPYError.self) {
            try NPYArray(shape: [1], values: [1]).write(to: "/missing/array.npy")
        }
        #expect(error?.problem == "cannot be created: No such file or directory")
    }

    /// Bits, not values: a NaN's payload and the sign of zero survive.
    @Test func floatsKeepTheirBits() throws {
        let values: [Float] = [
            -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            Float(bitPattern: 0x7fc1_2345),
        ]
        let path = NSTemporaryDirectory() + "/hilo-bits-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try NPYArray(shape: [5, 1], values: values).write(to: path)
        #expect(
            try NPYArray(contentsOf: path).values.map(\.bitPattern) == values.map(\.bitPattern))
    }

    /// More than one piece of reading.
    @Test func longArrays() throws {
        let values = (0..<200_003).map { Float($0) * 0.37 }
        let path = NSTemporaryDirectory() + "/hilo-long-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try NPYArray(shape: [200_003], values: values, elementType: .float64).write(to: path)
        #expect(try NPYArray(contentsOf: path).values == values)
    }
}
