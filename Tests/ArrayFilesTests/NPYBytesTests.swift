import ArrayFiles
import Foundation
import Testing

/// Bytes that are written without a copy are the file that an array of them writes.
@Suite struct NPYBytesTests {
    /// At any length of the header.
    @Test(arguments: [[1, 1, 3], [3, 7, 3], [345, 12, 3], [10_000, 1, 3], [0]])
    func theyAreWrittenAsAnArray(shape: [Int]) throws {
        let bytes = (0..<shape.reduce(1, *)).map { UInt8($0 * 31 % 256) }
        let files = ["bytes", "array"].map {
            FileManager.default.temporaryDirectory.appending(
                path: "hilo-\($0)-\(UUID().uuidString).npy")
        }
        defer { for file in files { try? FileManager.default.removeItem(at: file) } }
        try NPYArray.write(bytes: bytes, shape: shape, to: files[0].path)
        try NPYArray(shape: shape, values: bytes.map { Float($0) }, elementType: .uint8)
            .write(to: files[1].path)
        #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
    }
}
