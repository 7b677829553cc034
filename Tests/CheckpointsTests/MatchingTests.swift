import Foundation
import Testing

@testable import Checkpoints

@Suite struct MatchingTests {
    /// The network of the training fixtures.
    private let network = [
        ExpectedTensor(name: "patch_embed.weight", shape: [4, 3, 2, 2]),
        ExpectedTensor(name: "patch_embed.bias", shape: [4]),
        ExpectedTensor(name: "norm_layer.weight", shape: [4]),
        ExpectedTensor(name: "norm_layer.bias", shape: [4]),
        ExpectedTensor(name: "norm_layer.running_mean", shape: [4]),
        ExpectedTensor(name: "norm_layer.running_var", shape: [4]),
        ExpectedTensor(name: "head.weight", shape: [5, 4]),
        ExpectedTensor(name: "head.bias", shape: [5]),
    ]

    @Test(arguments: ["training.pth", "module.pth", "network_legacy.pth", "training.safetensors"])
    func wholeNetwork(file: String) throws {
        let checkpoint = try Checkpoint.read(path: fixture(file))
        let (weights, unused, _) = try checkpoint.weights(matching: network)
        #expect(weights.names == network.map(\.name).sorted())
        #expect(unused.isEmpty)
        let reference = try Checkpoint.read(path: fixture("training.safetensors"))
        for name in weights.names { #expect(try weights[name] == reference.floats(name)) }
    }

    @Test func detectorWithTwoPrefixesAndMore() throws {
        let checkpoint = try Checkpoint.read(path: fixture("detector.pth"))
        let (weights, unused, _) = try checkpoint.weights(matching: network, allowingUnused: true)
        let reference = try Checkpoint.read(path: fixture("training.safetensors"))
        #expect(try weights["head.weight"] == reference.floats("head.weight"))
        #expect(unused == ["module.neck.weight"])
        expectFlaw(.mismatch, "unexpected: module.neck.weight, found 2×3") {
            _ = try checkpoint.weights(matching: network)
        }
    }

    @Test func oneErrorListsEverything() throws {
        let checkpoint = try Checkpoint.read(path: fixture("module.pth"))
        let other =
            network.filter { !$0.name.hasPrefix("patch_embed") && $0.name != "head.weight" } + [
                ExpectedTensor(name: "head.weight", shape: [10, 4]),
                ExpectedTensor(name: "layers.0.weight", shape: [7, 3]),
                ExpectedTensor(name: "layers.0.scale", shape: []),
            ]
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.weights(matching: other)
        }
        #expect(error?.kind == .mismatch)
        #expect(
            error?.details == [
                "wrong shape: module.head.weight, expected 10×4, found 5×4",
                "missing: layers.0.scale, expected scalar",
                "missing: layers.0.weight, expected 7×3",
                "unexpected: module.patch_embed.bias, found 4",
                "unexpected: module.patch_embed.weight, found 4×3×2×2",
            ])
        #expect(error?.description.contains("module.pth: its 9 tensors do not fit") == true)
    }

    @Test func countersAreNoWeights() throws {
        let checkpoint = try Checkpoint.read(path: fixture("layouts.pth"))
        expectFlaw(.mismatch, "wrong type: int64, expected floating point, found int64") {
            _ = try checkpoint.weights(
                matching: [ExpectedTensor(name: "int64", shape: [4])], allowingUnused: true)
        }
    }

    @Test func everyElementTypeBecomesFloat() throws {
        let checkpoint = try Checkpoint.read(path: fixture("layouts.pth"))
        let names = ["float32", "float16", "bfloat16", "float64", "shared.columns"]
        let expected = try names.map {
            ExpectedTensor(name: $0, shape: try #require(checkpoint.tensors[$0]).shape)
        }
        let (weights, unused, _) = try checkpoint.weights(matching: expected, allowingUnused: true)
        #expect(unused.count == checkpoint.tensors.count - names.count)
        for name in names { #expect(try weights[name] == checkpoint.floats(name)) }
    }

    @Test(arguments: [
        (["a", "b"], ["a": "a", "b": "b"], []),
        (["module.a", "module.b"], ["a": "module.a", "b": "module.b"], []),
        (["backbone.module.a", "x"], ["a": "backbone.module.a"], ["x"]),
        // A tensor that only looks prefixed: the plain names match better.
        (["a", "b", "module.a"], ["a": "a", "b": "b"], ["module.a"]),
        // As good without the prefix as with it.
        (["a", "module.b"], ["a": "a"], ["module.b"]),
        (["module.a.num_batches_tracked", "module.a"], ["a": "module.a"], []),
        (["c"], [:], ["c"]),
    ])
    func prefixes(names: [String], fileNames: [String: String], unused: [String]) {
        let matching = NameMatching(names: names, expected: ["a", "b"])
        #expect(matching.fileNames == fileNames)
        #expect(matching.unused == unused)
    }

    @Test func weightsOfValues() {
        let weights = Weights(["b": [1], "a": [2, 3]])
        #expect(weights.names == ["a", "b"])
        #expect(weights["a"] == [2, 3])
    }
}
