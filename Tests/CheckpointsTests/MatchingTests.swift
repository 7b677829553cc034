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

    static let names: [([String], [String: String], [String])] = [
        (["a", "b"], ["a": "a", "b": "b"], []),
        (["module.a", "module.b"], ["a": "module.a", "b": "module.b"], []),
        (["backbone.module.a", "x"], ["a": "backbone.module.a"], ["x"]),
        // A tensor that only looks prefixed: the plain names match better.
        (["a", "b", "module.a"], ["a": "a", "b": "b"], ["module.a"]),
        // As good without the prefix as with it.
        (["a", "module.b"], ["a": "a"], ["module.b"]),
        (["module.a.num_batches_tracked", "module.a"], ["a": "module.a"], []),
        (["c"], [:], ["c"]),
        (["_orig_mod.a", "_orig_mod.b"], ["a": "_orig_mod.a", "b": "_orig_mod.b"], []),
        (["module._orig_mod.b"], ["b": "module._orig_mod.b"], []),
        (["model.a", "net.b", "net.a"], ["a": "net.a", "b": "net.b"], ["model.a"]),
        (["student.a", "encoder.a"], ["a": "encoder.a"], ["student.a"]),
        (["x.y.a", "z.a"], ["a": "z.a"], ["x.y.a"]),
        (["a", "n_averaged", "a.total_ops", "total_params"], ["a": "a"], []),
        (["_orig_mod.a", "a"], ["a": "a"], ["_orig_mod.a"]),
    ]

    @Test(arguments: names)
    func prefixes(names: [String], fileNames: [String: String], unused: [String]) {
        let matching = NameMatching(names: names, expected: ["a", "b"])
        #expect(matching.fileNames == fileNames)
        #expect(matching.unused == unused)
    }

    @Test func wrappersWithinNames() {
        let names = [
            "module._orig_mod.blocks.0._checkpoint_wrapped_module.fc.weight",
            "module._orig_mod.blocks.1._fsdp_wrapped_module.fc.weight",
        ]
        let matching = NameMatching(
            names: names, expected: ["blocks.0.fc.weight", "blocks.1.fc.weight"])
        #expect(matching.prefix == "module.")
        #expect(
            matching.fileNames == ["blocks.0.fc.weight": names[0], "blocks.1.fc.weight": names[1]])
    }

    /// The names of a layer's parameters are looked for before it is known what stands before.
    @Test func possibleNamesAreAllEnds() throws {
        let pickle = PickleAssembler().op(.emptyDictionary).text("model._orig_mod.qkv.bias")
            .tensor(shape: [1], strides: [1], count: 1).op(.setItem)
        let file = try read(pickle.file(keys: ["0"], storages: Data(storage: [1])))
        #expect(
            file.possibleNames == [
                "model._orig_mod.qkv.bias", "model.qkv.bias", "qkv.bias", "bias",
            ])
    }

    @Test func manyLongNamesTakeNoTime() {
        let dots = String(repeating: "a.", count: 500)
        let names = (0..<200).map { "\(dots)\($0)" }
        let matching = NameMatching(names: names, expected: ["1", "a.2", "b"])
        #expect(matching.fileNames.count == 1)
        #expect(NameMatching.suffixes(of: names[0]).count == 9)
    }

    @Test func aMismatchTellsThePrefix() throws {
        let checkpoint = try Checkpoint.read(path: fixture("module.pth"))
        expectFlaw(.mismatch, "the 2 tensors of the network, here named 'module.…'") {
            _ = try checkpoint.weights(matching: Array(network.prefix(2)))
        }
    }

    @Test func valuesThatAreNotFinite() throws {
        let pickle = PickleAssembler().op(.emptyDictionary).text("net.w")
            .tensor(shape: [2, 2], strides: [2, 1], count: 4).op(.setItem)
        let network = [ExpectedTensor(name: "w", shape: [2, 2])]
        for value in [Float.nan, .infinity, -.infinity] {
            let storage = Data(storage: [1, 2, value, 4])
            let checkpoint = try read(pickle.file(keys: ["0"], storages: storage))
            expectFlaw(.unsupported, "not finite", "net.w: \(value) at [1, 0]") {
                _ = try checkpoint.weights(matching: network)
            }
        }
    }

    @Test func weightsOfValues() {
        let weights = Weights(["b": [1], "a": [2, 3]])
        #expect(weights.names == ["a", "b"])
        #expect(weights["a"] == [2, 3])
    }
}
