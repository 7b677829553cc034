import Graphs
import Networks
import Testing

/// A LITv2 by the shapes of its parameters.
@Suite struct ShapeTests {
    private func shapes(_ network: LITv2) -> [String: [Int]] {
        Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0.shape) })
    }

    private func read(
        _ network: LITv2, _ settings: BackboneSettings, _ options: ModelOptions = .init()
    ) throws -> LITv2 {
        try LITv2(shapes: shapes(network), settings, name: "read", options: options)
    }

    @Test(arguments: Preset.allCases, [2, 4])
    func presets(preset: Preset, window: Int) throws {
        let network = try preset.network(window: window)
        let settings = BackboneSettings(windows: [0, 0, window, 1], alpha: 0.9)
        #expect(try read(network, settings).stages == network.stages)
        // Nobody says anything: 32 channels a head, windows of 2, and an alpha with the same heads.
        let found = try read(preset.network(), BackboneSettings())
        #expect(
            found.parameters.map(\.shape) == (try read(network, settings)).parameters.map(\.shape))
        #expect(found.stages[2].attention?.window == 2)
        #expect(found.stages[3].attention?.window == 1)
        var options = ModelOptions(window: 7)
        options.head = HeadOptions(.detect)
        let asked = try read(network, settings, options)
        #expect(asked.stages[2].attention?.window == 7)
        #expect(asked.stages[3].attention?.window == 1)
        #expect(asked.resolution == Resolution(height: 800, width: 1344))
    }

    @Test(arguments: [0.0, 0.2, 0.5, 0.7, 0.9, 1.0])
    func alphas(alpha: Double) throws {
        let network = try Preset.small.network(alpha: alpha)
        let settings = BackboneSettings(windows: [0, 0, 2, 1])
        let found = try read(network, settings)
        #expect(
            found.stages.map { $0.attention?.loFiHeads }
                == network.stages.map { $0.attention?.loFiHeads })
    }

    @Test func others() throws {
        let network = try LITv2(name: "net", height: 64, width: 64) {
            PatchEmbedding(channels: 24)
            Stage(depth: 3) {
                HiLoAttention(heads: 4, window: 3, alpha: 0.5, qkvBias: false)
                ConvFFN(ratio: 2.5)
            }
            TokenMerging()
            Stage(depth: 1) { ConvFFN() }
            FeatureMaps()
        }
        let found = try read(
            network, BackboneSettings(heads: [4, 8], windows: [3, 0], alpha: 0.5))
        #expect(found.stages == network.stages)
    }

    /// A backbone without heads has the norms that its parameters have.
    @Test(arguments: [true, false]) func firstNorm(isThere: Bool) throws {
        let network = try Preset.small.network(features: FeatureMaps(normalisesFirst: isThere))
        let found = try read(network, BackboneSettings())
        #expect(found.features == network.features)
        #expect(found.parameters.map(\.name) == network.parameters.map(\.name))
    }

    /// A head takes all stages, whatever maps are asked for.
    @Test func headsTakeAllMaps() throws {
        var options = ModelOptions(features: FeatureMaps(stages: [3], layout: .tokens))
        options.head = HeadOptions(.detect)
        let all = FeatureMaps(stages: [1, 2, 3, 4])
        let network = try Preset.small.network(features: FeatureMaps(normalisesFirst: true))
        #expect(try read(network, BackboneSettings(), options).features == all)
        for features in [nil, options.features] {
            options.features = features
            let configured = try LITv2(
                yaml: "MODEL: {TYPE: litv2}", source: "x", overrides: options)
            #expect(configured.features == all)
            #expect(configured.evaluation == .fit)
        }
    }

    /// Tensors whose elements are all the same one may claim any size.
    @Test(arguments: [1 << 17, 1 << 40, 1 << 61]) func hugeChannels(channels: Int) throws {
        var shapes = shapes(try Preset.small.network())
        shapes["patch_embed.proj.weight"] = [channels, 3, 4, 4]
        shapes["layers.2.blocks.0.attn.l_proj.bias"] = [channels / 2]
        #expect(throws: NetworkError.self) {
            try LITv2(shapes: shapes, .init(), name: "net", options: .init())
        }
    }

    @Test func refused() throws {
        let network = try Preset.small.network()
        for name in ["patch_embed.proj.weight", "layers.0.blocks.0.mlp.fc1.bias"] {
            var shapes = shapes(network)
            shapes[name] = nil
            #expect(throws: NetworkError.self) {
                try LITv2(shapes: shapes, .init(), name: "net", options: .init())
            }
        }
        for hostile in [[], [0], [-5], [Int.max], [Int.min]] {
            var shapes = shapes(network)
            shapes["patch_embed.proj.weight"] = hostile
            #expect(throws: NetworkError.self) {
                try LITv2(shapes: shapes, .init(), name: "net", options: .init())
            }
            shapes = self.shapes(network)
            shapes["layers.0.blocks.0.mlp.fc1.bias"] = hostile
            #expect(throws: NetworkError.self) {
                try LITv2(shapes: shapes, .init(), name: "net", options: .init())
            }
            shapes = self.shapes(network)
            shapes["layers.2.blocks.0.attn.l_proj.bias"] = hostile
            _ = try? LITv2(shapes: shapes, .init(), name: "net", options: .init())
        }
    }
}
