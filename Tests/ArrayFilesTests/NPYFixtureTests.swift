import ArrayFiles
import Foundation
import Testing

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/arrays").path

/// The values that make_array_fixtures.py stores.
private func ramp(_ count: Int) -> [Float] {
    (0..<count).map { (index: Int) in Float(Double(index * 37 % 101 - 50) / 7) }
}

/// Files that NumPy wrote.
@Suite struct NPYFixtureTests {
    @Test(arguments: [
        ("f4", [2, 3, 5], NPYArray.ElementType.float32), ("f8", [4, 7], .float64),
        ("vector", [9], .float32), ("scalar", [], .float32), ("empty", [3, 0, 2], .float32),
        ("version2", [3, 2], .float32),
    ]) func reads(name: String, shape: [Int], elementType: NPYArray.ElementType) throws {
        let array = try NPYArray(contentsOf: "\(fixtures)/\(name).npy")
        #expect(array.shape == shape)
        #expect(array.elementType == elementType)
        #expect(array.values == ramp(shape.reduce(1, *)))
    }

    @Test func readsBytes() throws {
        let array = try NPYArray(contentsOf: "\(fixtures)/u1.npy")
        #expect(array.elementType == .uint8)
        #expect(array.shape == [16, 16])
        let values: [Float] = (0..<256).map { (index: Int) in Float(index * 7 % 256) }
        #expect(array.values == values)
    }

    @Test(arguments: [
        ("big-endian", "'>f4'; expected '<f4', '<f8' or '|u1'"), ("int64", "'<i8'"),
        ("fortran", "numpy.ascontiguousarray"), ("version3", "version 3.0; expected 1.0 or 2.0"),
        ("structured", "a string was expected"),
    ]) func refuses(name: String, part: String) {
        let path = "\(fixtures)/\(name).npy"
        let error = #expect(throws: NPYError.self) { try NPYArray(contentsOf: path) }
        #expect(error?.path == path)
        #expect(error?.problem.contains(part) == true, "\(String(describing: error))")
    }

    /// The bytes are NumPy's own, so that any reader takes them.
    @Test(arguments: ["f4", "f8", "vector", "scalar", "empty", "u1"])
    func writesWhatNumPyWrites(name: String) throws {
        let source = "\(fixtures)/\(name).npy"
        let copy = NSTemporaryDirectory() + "/hilo-array-" + UUID().uuidString + ".npy"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let array = try NPYArray(contentsOf: source)
        try array.write(to: copy)
        let old = FileManager.default.contents(atPath: source)
        let new = FileManager.default.contents(atPath: copy)
        if name == "f8" {
            // Elements went through Float.
            #expect(new?.prefix(128) == old?.prefix(128))
            #expect(try NPYArray(contentsOf: copy) == array)
        } else {
            #expect(new == old)
        }
    }
}
