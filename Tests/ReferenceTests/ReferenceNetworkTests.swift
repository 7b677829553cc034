import Graphs
import Networks
import Reference
import Testing

@Suite struct ReferenceNetworkTests {
    private static func tiny(classes: Int, height: Int = 48, width: Int = 64) throws -> LITv2 {
        try LITv2(name: "tiny", height: height, width: width) {
            PatchEmbedding(channels: 6)
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: 1) {
                HiLoAttention(heads: 3, window: 2, alpha: 0.5)
                ConvFFN(ratio: 2)
            }
            TokenMerging()
            Stage(depth: 2) {
                HiLoAttention(heads: 4, window: 1)
                ConvFFN(ratio: 1.5)
            }
            Classifier(classes: classes)
        }
    }

    /// The network with seeded weights; `changes` replaces or adds tensors.
    private func reference(
        _ model: LITv2, changing changes: [String: [Float]] = [:]
    ) -> LITv2Reference {
        LITv2Reference(model, weights(model, changing: changes))
    }

    private func weights(
        _ model: LITv2, changing changes: [String: [Float]] = [:]
    ) -> [String: [Float]] {
        let names = model.parameters.map { ($0.name, $0.seededValues(seed: 3)) }
        return Dictionary(uniqueKeysWithValues: names).merging(changes) { $1 }
    }

    private func input(_ model: LITv2) -> [Float] {
        Seeded.values("image", model.inputShape.reduce(1, *))
    }

    @Test func tracesEveryStageBeforeMerging() throws {
        let model = try Self.tiny(classes: 5)
        var shapes: [[Int]] = []
        let logits = try reference(model).run(input(model)) { stage, map in
            shapes.append([stage, map.height, map.width, map.channels])
        }
        #expect(shapes == [[0, 12, 16, 6], [1, 6, 8, 12], [2, 3, 4, 24]])
        #expect(logits.count == 5)
        #expect(logits.allSatisfy { $0.isFinite } && Set(logits).count == 5)
    }

    @Test func headIsALinearOfTheFeatures() throws {
        let (model, headless) = (try Self.tiny(classes: 5), try Self.tiny(classes: 0))
        let features = try reference(headless).run(input(model))
        #expect(features.count == 24)
        let head = Affine(
            weight: Parameter("head.weight", [5, 24]).seededValues(seed: 3),
            bias: Parameter("head.bias", [5]).seededValues(seed: 3))
        expectClose(
            try reference(model).run(input(model)), head.applied(to: features, outputs: 0..<5))
    }

    /// The dense maps are the classifier's stages; the last one, normed, pools to its features.
    @Test func featureMapsAreTheStages() throws {
        let model = try Self.tiny(classes: 0)
        let norm = ["weight", "bias"].map {
            Parameter("norm.\($0)", [24]).seededValues(seed: 3)
        }
        let dense = reference(
            model,
            changing: [
                "norm1.weight": Seeded.values("norm1.weight", 12),
                "norm1.bias": Seeded.values("norm1.bias", 12),
                "norm2.weight": norm[0], "norm2.bias": norm[1],
            ])
        var stages: [TokenMap] = []
        let features = try dense.run(input(model)) { stages.append($1) }
        let maps = try dense.featureMaps(input(model), height: 48, width: 64)
        try #require(maps.count == 3)
        #expect(maps[0] == stages[0])
        let norm1 = Seeded.affine("norm1", outputs: 12)
        expectClose(maps[1].values, Operators.layerNorm(stages[1], norm1).values)
        expectClose(Operators.pooledMean(maps[2]), features)
    }

    /// Patches round up, token merging rounds down.
    @Test func featureMapsOfAnySize() throws {
        let model = try Self.tiny(classes: 0)
        let dense = reference(
            model,
            changing: [
                "norm1.weight": Seeded.values("w1", 12), "norm1.bias": Seeded.values("b1", 12),
                "norm2.weight": Seeded.values("w2", 24), "norm2.bias": Seeded.values("b2", 24),
            ])
        let maps = try dense.featureMaps(
            Seeded.values("image", 3 * 29 * 43), height: 29, width: 43)
        let shapes = maps.map { [$0.height, $0.width, $0.channels] }
        #expect(shapes == [[8, 11, 6], [4, 5, 12], [2, 2, 24]])
        #expect(maps.allSatisfy { $0.values.allSatisfy { $0.isFinite } })
    }

    /// With nothing behind its last projections a block leaves its input as it is.
    @Test func blocksAreResidual() throws {
        let model = try LITv2(name: "one", height: 8, width: 12) {
            PatchEmbedding(channels: 4)
            Stage(depth: 2) {
                HiLoAttention(heads: 2, window: 1)
                ConvFFN()
            }
            Classifier(classes: 0)
        }
        var silent: [String: [Float]] = [:]
        for parameter in model.parameters {
            if parameter.name.contains("l_proj") || parameter.name.contains("fc2") {
                silent[parameter.name] = [Float](repeating: 0, count: parameter.count)
            }
        }
        func last(_ changes: [String: [Float]]) throws -> TokenMap? {
            var map: TokenMap?
            _ = try reference(model, changing: changes).run(input(model)) { map = $1 }
            return map
        }
        let image = TokenMap(planes: input(model), height: 8, width: 12, channels: 3)
        func affine(_ name: String, _ shape: [Int]) -> Affine {
            Affine(
                weight: Parameter(name + ".weight", shape).seededValues(seed: 3),
                bias: Parameter(name + ".bias", [4]).seededValues(seed: 3))
        }
        let embedded = Operators.patchEmbedding(
            image, side: 4, projection: affine("patch_embed.proj", [4, 3, 4, 4]),
            norm: affine("patch_embed.norm", [4]))
        #expect(try last(silent) == embedded)
        #expect(try last([:]) != embedded)
    }

    @Test(arguments: [true, false]) func layerAlone(qkvBias: Bool) throws {
        let layer = try HiLo(
            dim: 8, heads: 4, window: 3, alpha: 0.5, qkvBias: qkvBias, height: 3, width: 6)
        let weights = Dictionary(
            uniqueKeysWithValues: layer.parameters.map { ($0.name, $0.seededValues(seed: 1)) })
        func affine(_ name: String) -> Affine {
            Affine(weight: weights[name + ".weight"] ?? [], bias: weights[name + ".bias"])
        }
        let input = Seeded.values("tokens", 18 * 8)
        let map = TokenMap(height: 3, width: 6, channels: 8, values: input.map { Double($0) })
        let expected = Operators.hiLo(
            map, layer.attention,
            HiLoWeights(
                hiFi: SelfAttentionWeights(qkv: affine("h_qkv"), projection: affine("h_proj")),
                loFi: LoFiWeights(
                    query: affine("l_q"), keyValue: affine("l_kv"), projection: affine("l_proj"))))
        let reference = ReferenceNetwork(Network(layer)) { weights[$0] ?? [] }
        #expect(try reference.outputs(input) == [expected.values])
    }

    /// A network's outputs are those of its family, whatever they are.
    @Test func outputsAreTheFamilys() throws {
        for classes in [0, 5] {
            let model = try Self.tiny(classes: classes)
            let weights = weights(model)
            let reference = ReferenceNetwork(Network(model)) { weights[$0] ?? [] }
            let expected = try self.reference(model).run(input(model))
            #expect(try reference.outputs(input(model)) == [expected])
        }
    }

    @Test(arguments: FeatureLayout.allCases, [[1, 2, 3], [2], [1, 3]])
    func outputsOfABackboneAreItsMaps(layout: FeatureLayout, stages: [Int]) throws {
        let classifier = try Self.tiny(classes: 0)
        let model = try LITv2(
            name: "dense", resolution: Resolution(height: 29, width: 43),
            stages: classifier.stages, features: FeatureMaps(stages: stages, layout: layout))
        let weights = weights(model)
        let reference = ReferenceNetwork(Network(model)) { weights[$0] ?? [] }
        let outputs = try reference.outputs(input(model))
        #expect(outputs.map(\.count) == Network(model).outputShapes.map { $0.reduce(1, *) })
        let maps = try self.reference(model).featureMaps(
            input(model), height: 29, width: 43, stages: stages)
        try #require(maps.count == outputs.count)
        for (output, map) in zip(outputs, maps) {
            #expect(output == (layout == .planes ? map.planes : map.values))
        }
    }
}

/// Every refusal names what was found and what was expected.
extension ReferenceNetworkTests {
    private func message(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return ""
    }

    @Test func refusesAnInputOfAnotherSize() throws {
        let model = try Self.tiny(classes: 5)
        let network = ReferenceNetwork(Network(model)) { _ in [] }
        let found = message { _ = try network.outputs([1, 2, 3]) }
        #expect(found.contains("3 values") && found.contains("[3, 48, 64]"))
        let reference = reference(model)
        let dense = message { _ = try reference.featureMaps([1], height: 32, width: 40) }
        #expect(dense.contains("1 values") && dense.contains("3x32x40"))
        #expect(!message { _ = try reference.featureMaps([], height: 0, width: 4) }.isEmpty)
    }

    @Test func refusesATensorOfAnotherSize() throws {
        let model = try Self.tiny(classes: 5)
        let name = "layers.1.blocks.0.attn.h_qkv.weight"
        let wrong = reference(model, changing: [name: [1, 2]])
        let found = message { _ = try wrong.run(input(model)) }
        #expect(found.contains(name) && found.contains("2 values") && found.contains("288"))
        let dense = message {
            _ = try reference(model).featureMaps(input(model), height: 48, width: 64)
        }
        #expect(dense.contains("norm1.weight"))
    }

    @Test func refusesAnImageThatStagesCannotHalve() throws {
        let model = try Self.tiny(classes: 5)
        let found = message {
            _ = try reference(model).featureMaps(
                Seeded.values("image", 3 * 8 * 64), height: 8, width: 64)
        }
        #expect(found.contains("stage 2") && found.contains("1x8"))
    }

    @Test func aLayerRefusesTokensOfAnotherSize() throws {
        let layer = try HiLo(dim: 8, heads: 2, window: 2)
        let reference = ReferenceNetwork(Network(layer)) { _ in [] }
        #expect(message { _ = try reference.outputs([]) }.contains("[196, 8]"))
    }
}
