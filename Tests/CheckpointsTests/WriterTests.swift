import Foundation
import Testing

@testable import Checkpoints

@Suite struct WriterTests {
    private typealias Tensor = SafetensorsWriter.Tensor

    private let tensors = [
        Tensor(name: "half", elementType: .float16, shape: [3]),
        Tensor(name: "b", elementType: .float32, shape: [2, 3]),
        Tensor(name: "a \"\\\n é", elementType: .float32, shape: []),
        Tensor(name: "none", elementType: .bfloat16, shape: [0, 4]),
        Tensor(name: "z", elementType: .int64, shape: [1]),
        Tensor(name: "y", elementType: .float64, shape: [2]),
    ]

    /// Bytes that differ from tensor to tensor.
    private func bytes(_ tensor: SafetensorsWriter.Tensor) -> Data {
        let count = tensor.shape.reduce(tensor.elementType.byteCount, *)
        return Data((0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + tensor.name.utf8.count) })
    }

    @Test func layoutIsSortedAlignedAndKnownBeforehand() throws {
        let writer = try SafetensorsWriter(tensors: tensors, metadata: ["k": "v"])
        #expect(
            writer.placements.map(\.tensor.name) == ["y", "z", "a \"\\\n é", "b", "half", "none"])
        #expect(writer.header.count.isMultiple(of: 64))
        #expect(writer.placements[0].offset == writer.header.count)
        for placement in writer.placements {
            #expect(placement.offset.isMultiple(of: placement.tensor.elementType.byteCount))
        }
        #expect(writer.fileSize == writer.header.count + 16 + 8 + 4 + 24 + 6)
        #expect(
            writer.header.dropFirst(8).starts(with: Data(#"{"__metadata__":{"k":"v"},"y""#.utf8)))
    }

    @Test(arguments: [0, 1, 17, 40, 41, 42, 43, 44, 45, 46, 47, 48, 63, 64, 65])
    func headerIsAlwaysPadded(length: Int) throws {
        let metadata = ["k": String(repeating: "v", count: length)]
        let writer = try SafetensorsWriter(tensors: [], metadata: metadata)
        #expect(writer.header.count.isMultiple(of: 64))
        #expect(writer.fileSize == writer.header.count)
        // 8 + {"__metadata__":{"k":"…"}}
        #expect(writer.header.count - (8 + 25 + length) < 64)
        #expect(try read(writer.header).metadata == metadata)
    }

    @Test func givenOrderCanBeKept() throws {
        let writer = try SafetensorsWriter(tensors: tensors, keepingOrder: true)
        #expect(writer.placements.map(\.tensor) == tensors)
    }

    @Test func readsBackWhatItWrote() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out.safetensors"
            let metadata = ["fingerprint": "a\u{1}\"\\", "é": ""]
            let writer = try SafetensorsWriter(tensors: tensors, metadata: metadata)
            try writer.write(to: path) { bytes($0) }
            let raw = try Data(contentsOf: URL(fileURLWithPath: path))
            let checkpoint = try Checkpoint.read(path: path)
            #expect(raw.count == writer.fileSize)
            #expect(checkpoint.metadata == metadata)
            #expect(checkpoint.tensors.count == tensors.count)
            for placement in writer.placements {
                let tensor = placement.tensor
                #expect(checkpoint.tensors[tensor.name]?.shape == tensor.shape)
                #expect(checkpoint.tensors[tensor.name]?.elementType == tensor.elementType)
                #expect(try checkpoint.bytes(tensor.name) == bytes(tensor))
                #expect(
                    raw.subdata(in: placement.offset..<placement.offset + placement.byteCount)
                        == bytes(tensor))
            }
        }
    }

    @Test func equalInputGivesEqualBytes() throws {
        let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key \($0)", "\($0)") })
        let first = try SafetensorsWriter(tensors: tensors, metadata: metadata)
        let second = try SafetensorsWriter(tensors: tensors.reversed(), metadata: metadata)
        #expect(first.header == second.header)
        #expect(first.placements == second.placements)
    }

    @Test func impossibleTensors() {
        expectFlaw(.unwritable, "two tensors are named b") {
            _ = try SafetensorsWriter(tensors: [tensors[1], tensors[1]])
        }
        for shape in [[-1], [.max, 2], [.max / 4]] {
            expectFlaw(.unwritable, "impossible shape") {
                let tensor = Tensor(name: "t", elementType: .float64, shape: shape)
                _ = try SafetensorsWriter(tensors: [tensor])
            }
        }
    }

    @Test func targetThatCannotBeWritten() throws {
        try withTemporaryFolder { folder in
            let writer = try SafetensorsWriter(tensors: tensors)
            expectFlaw(.unwritable, "\(folder)/none/file", "No such file", "has space left") {
                try writer.write(to: "\(folder)/none/file") { bytes($0) }
            }
            expectFlaw(.unwritable, "no regular file") {
                try writer.write(to: folder) { bytes($0) }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test(arguments: ["layouts.pth", "legacy.pth", "training.pth", "layouts.safetensors"])
    func conversionKeepsEveryBit(file: String) throws {
        try withTemporaryFolder { folder in
            let source = try Checkpoint.read(path: fixture(file))
            try source.writeSafetensors(to: "\(folder)/out.safetensors")
            let result = try Checkpoint.read(path: "\(folder)/out.safetensors")
            #expect(result.names == source.names)
            #expect(result.metadata == ["format": "pt"])
            for name in source.names {
                #expect(result.tensors[name]?.shape == source.tensors[name]?.shape)
                #expect(result.tensors[name]?.elementType == source.tensors[name]?.elementType)
                #expect(try result.bytes(name) == source.bytes(name))
            }
        }
    }
}
