import FileIO
import Foundation
import Testing

@testable import Checkpoints

/// The path of a committed fixture; Fixtures/make.py writes them.
func fixture(_ name: String) throws -> String {
    let folder = try #require(Bundle.module.resourceURL)
    return folder.appendingPathComponent("Fixtures").appendingPathComponent(name).path
}

func fixtureData(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: fixture(name)))
}

/// Reads a checkpoint from bytes in memory.
func read(
    _ data: Data, stateDict: String? = nil, verifyingChecksums: Bool = true
) throws -> Checkpoint {
    try blaming("memory") {
        try Checkpoint(
            MappedFile(copying: data), path: "memory", stateDict: stateDict,
            verifyingChecksums: verifyingChecksums)
    }
}

/// Runs `body` with a new empty folder that is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("checkpoints-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}

/// The error of `body`, which must be a `CheckpointError` whose text holds all `fragments`.
func expectFlaw(
    _ kind: CheckpointError.Kind, _ fragments: String...,
    sourceLocation: SourceLocation = #_sourceLocation, of body: () throws -> Void
) {
    let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) {
        try body()
    }
    guard let error else { return }
    #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    for fragment in fragments {
        #expect(
            error.description.contains(fragment), "\(error)", sourceLocation: sourceLocation)
    }
}

extension Data {
    init<Value: FixedWidthInteger>(littleEndian value: Value) {
        self = Swift.withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }

    /// Where `bytes` begin for the first time.
    func offset(of bytes: [UInt8]) throws -> Int {
        try #require(range(of: Data(bytes))).lowerBound
    }

    /// A copy with `value` in place of the integer at `offset`.
    func replacing<Value: FixedWidthInteger>(at offset: Int, with value: Value) -> Data {
        var copy = self
        copy.replaceSubrange(
            offset..<offset + MemoryLayout<Value>.size, with: Data(littleEndian: value))
        return copy
    }
}
