import Checkpoints
import Foundation

/// One product of Tests/Fixtures: its cases (`NAME.json`) and their tensors (`NAME.safetensors`).
///
/// Tests/Fixtures/README.md describes the format.
public struct Fixture<Case: Decodable & Sendable>: Sendable {
    public let cases: [Case]
    private let checkpoint: Checkpoint?

    /// - Throws: when a file is missing, or a case holds what `Case` does not know.
    init(_ name: String, hasTensors: Bool = true) throws {
        let manifest = try Data(contentsOf: fixtureFolder.appending(path: "\(name).json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        cases = try decoder.decode(Manifest.self, from: manifest).cases
        checkpoint =
            try hasTensors
            ? Checkpoint.read(path: fixtureFolder.appending(path: "\(name).safetensors").path)
            : nil
    }

    private struct Manifest: Decodable { let cases: [Case] }

    /// A tensor by its full name, such as `linear_00.output`; nil when there is none.
    public func tensor(_ name: String) throws -> FixtureTensor? {
        guard let checkpoint, let record = checkpoint.tensors[name] else { return nil }
        let values: [Double]
        switch record.elementType {
        case .float64: values = try checkpoint.bytes(name).doubles
        case .float32, .float16, .bfloat16:
            values = try checkpoint.floats(name).map { Double($0) }
        case .int64:
            throw FixtureError("tensor \(name) is \(record.elementType); expected floats")
        }
        return FixtureTensor(shape: record.shape, values: values)
    }

    /// A tensor that the case must have.
    public func required(_ name: String) throws -> FixtureTensor {
        guard let tensor = try tensor(name) else { throw FixtureError("no tensor \(name)") }
        return tensor
    }
}

/// A tensor of a fixture, row-major; all narrower types widen without loss.
public struct FixtureTensor: Sendable {
    public let shape: [Int]
    public let values: [Double]

    /// The values of a tensor of at most 32 bits an element.
    public var floats: [Float] { values.map { Float($0) } }
}

/// A fixture that is not what the tests expect.
public struct FixtureError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// Tests/Fixtures, found from where this file was compiled.
let fixtureFolder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

extension Data {
    fileprivate var doubles: [Double] {
        withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 8).map {
                Double(
                    bitPattern: UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)))
            }
        }
    }
}
