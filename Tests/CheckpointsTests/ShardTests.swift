import Foundation
import Testing

@testable import Checkpoints

/// Checkpoints in several files with an index.
@Suite struct ShardTests {
    private func writeShard(_ path: String, _ name: String, _ values: [Float]) throws {
        let tensor = SafetensorsWriter.Tensor(
            name: name, elementType: .float32, shape: [values.count])
        try SafetensorsWriter(tensors: [tensor]).write(to: path) { _ in
            values.reduce(Data()) { $0 + Data(littleEndian: $1.bitPattern) }
        }
    }

    private func writeIndex(_ folder: String, _ map: [String: String]) throws -> String {
        let path = "\(folder)/model.safetensors.index.json"
        let json: [String: Any] = ["metadata": ["total_size": 20.5], "weight_map": map]
        try JSONSerialization.data(withJSONObject: json).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func tensorsComeFromTheirShards() throws {
        try withTemporaryFolder { folder in
            try writeShard("\(folder)/1.safetensors", "a", [1, 2])
            try writeShard("\(folder)/2.safetensors", "b", [3, 4, 5])
            let index = try writeIndex(folder, ["a": "1.safetensors", "b": "2.safetensors"])
            let checkpoint = try Checkpoint.read(path: index)
            #expect(checkpoint.format == .shardIndex)
            #expect(checkpoint.names == ["a", "b"])
            #expect(try checkpoint.floats("a") == [1, 2])
            #expect(try checkpoint.floats("b") == [3, 4, 5])
            try checkpoint.writeSafetensors(to: "\(folder)/whole.safetensors")
            let whole = try Checkpoint.read(path: "\(folder)/whole.safetensors")
            #expect(try whole.floats("b") == [3, 4, 5])
        }
    }

    @Test func everyShardMustExist() throws {
        try withTemporaryFolder { folder in
            let index = try writeIndex(folder, ["a": "1.safetensors"])
            expectFlaw(.unreadable, "\(folder)/1.safetensors: no such file", "download all") {
                _ = try Checkpoint.read(path: index)
            }
        }
    }

    @Test func aShardMustHoldWhatTheIndexSays() throws {
        try withTemporaryFolder { folder in
            try writeShard("\(folder)/1.safetensors", "a", [1, 2])
            let index = try writeIndex(folder, ["b": "1.safetensors"])
            expectFlaw(.damaged, "tensor b is in 1.safetensors, which lacks it") {
                _ = try Checkpoint.read(path: index)
            }
        }
    }

    @Test(arguments: ["../1.safetensors", "/1.safetensors", "sub/1", "..", ".", "", "a\u{0}"])
    func shardsLieBesideTheIndex(name: String) throws {
        try withTemporaryFolder { folder in
            let index = try writeIndex(folder, ["a": name])
            expectFlaw(.damaged, "names the shard", "in its own folder") {
                _ = try Checkpoint.read(path: index)
            }
        }
    }

    @Test func anIndexIsNoShard() throws {
        try withTemporaryFolder { folder in
            let index = try writeIndex(folder, ["a": "model.safetensors.index.json"])
            expectFlaw(.unsupported, "is an index of shards") {
                _ = try Checkpoint.read(path: index)
            }
        }
    }

    @Test func anotherJSONFile() {
        expectFlaw(.unsupported, "is a JSON file", "weight_map") {
            _ = try read(Data(#"{"architectures": ["LITv2"]}"#.utf8))
        }
    }
}
