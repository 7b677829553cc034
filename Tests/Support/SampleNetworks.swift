import Graphs
import Networks

/// Networks that tests of graphs and plans take.
public enum Sample {
    /// A network in the authors' form, small enough for tests: 64×64 pixels, four stages.
    public static let yaml = """
        DATA: {IMG_SIZE: 64}
        MODEL:
          TYPE: litv2
          NAME: tiny
          NUM_CLASSES: 5
          LIT:
            EMBED_DIM: 12
            DEPTHS: [1, 1, 1, 1]
            NUM_HEADS: [1, 2, 4, 8]
            ALPHA: 0.5

        """

    /// Every kernel of a classifier occurs: both branches with and without pooling, merging, head.
    public static func tiny(qkScale: Double? = nil) throws -> Network {
        Network(
            try LITv2(name: "tiny", height: 32, width: 48) {
                PatchEmbedding(channels: 8)
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 2, alpha: 0.5, qkScale: qkScale)
                    ConvFFN(ratio: 2.5)
                }
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 1)
                    ConvFFN()
                }
                Classifier(classes: 5)
            })
    }

    /// Every kernel with a choice, in little time: two stages, the second of `depth` blocks with attention.
    public static func twoStages(
        name: String, height: Int, width: Int, depth: Int = 1, _ end: any NetworkPart
    ) throws -> LITv2 {
        try LITv2(name: name, height: height, width: width) {
            PatchEmbedding(channels: 12)
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: depth) {
                HiLoAttention(heads: 4, window: 2, alpha: 0.5)
                ConvFFN()
            }
            end
        }
    }

    /// A backbone: maps that windows do not divide, an output without a norm, outputs that are read on.
    public static func backbone(height: Int = 60, width: Int = 44) throws -> Network {
        Network(
            try LITv2(name: "backbone", height: height, width: width) {
                PatchEmbedding(channels: 8)
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 2, alpha: 0.5)
                    ConvFFN(ratio: 2.5)
                }
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 3, alpha: 0)
                    ConvFFN()
                }
                TokenMerging()
                Stage(depth: 0) { ConvFFN() }
                FeatureMaps()
            })
    }

    public static func small(alpha: Double = 0.9, window: Int = 2) throws -> Network {
        Network(try Preset.small.network(alpha: alpha, window: window))
    }

    public static func layer(
        dim: Int = 24, heads: Int = 4, window: Int = 2, alpha: Double = 0.5, bias: Bool = true
    ) throws -> Network {
        Network(
            try HiLo(
                dim: dim, heads: heads, window: window, alpha: alpha, qkvBias: bias, height: 6,
                width: 12))
    }

    /// Attention layers of all other kinds, on maps that windows and squares do not divide too.
    public static func attentions() throws -> [Network] {
        let maps = [Resolution(height: 6, width: 8), Resolution(height: 7, width: 9)]
        return try maps.flatMap { map in
            [
                Network(try MSA(dim: 24, heads: 4, map: map)),
                Network(try MSA(dim: 12, heads: 1, qkvBias: false, map: map)),
                Network(try SRA(dim: 24, heads: 3, map: map)),
                Network(try SRA(dim: 12, heads: 4, ratio: 1, map: map)),
                Network(try WindowMSA(dim: 24, heads: 4, window: 2, map: map)),
                Network(
                    try WindowMSA(
                        dim: 24, heads: 3, window: 4, shift: 2, hasPositionBias: true, map: map)),
            ]
        }
    }

    /// Segmenters and detectors, with each kind of convolution and both eras.
    public static func heads(height: Int = 45, width: Int = 70) throws -> [Network] {
        let backbone = try LITv2(name: "heads", height: height, width: width) {
            PatchEmbedding(channels: 4)
            Stage(depth: 1) { ConvFFN(ratio: 1) }
            TokenMerging()
            Stage(depth: 1) {
                HiLoAttention(heads: 2, window: 2, alpha: 0.5)
                ConvFFN(ratio: 1)
            }
            TokenMerging()
            Stage(depth: 1) { ConvFFN(ratio: 1) }
            FeatureMaps()
        }
        return [
            Network(try SemanticFPN(backbone, classes: 3, channels: 8, width: 4)),
            Network(
                try SemanticFPN(
                    backbone, classes: 2, channels: 4, width: 8, convolutions: .winograd2)),
            Network(try RetinaNet(backbone, classes: 3, channels: 8, depth: 1)),
            Network(
                try RetinaNet(
                    backbone, classes: 1, era: .two, channels: 4, depth: 2,
                    convolutions: .winograd4)),
            Network(try MaskRCNN(backbone, classes: 2, channels: 4, width: 8, depth: 1)),
            Network(
                try MaskRCNN(
                    backbone, classes: 1, era: .two, channels: 4, width: 4, depth: 0)),
        ]
    }

    /// Networks of all kinds.
    public static func networks() throws -> [Network] {
        try [small(), small(alpha: 0), small(alpha: 1), tiny(), backbone()] + attentions() + heads()
            + (0..<30).map { try random(seed: $0) }
            + [0, 0.5, 1].map { try layer(alpha: $0) }
    }

    /// A small network of random shape: 1 to 4 stages, attention anywhere, empty stages too.
    public static func random(seed: Int) throws -> Network {
        var generator = SeededGenerator(seed: seed)
        let stages = Int.random(in: 1...4, using: &generator)
        let multiple = LITv2.patch << (stages - 1)
        let resolution = Resolution(
            height: multiple * Int.random(in: 1...4, using: &generator),
            width: multiple * Int.random(in: 1...4, using: &generator))
        let channels = [4, 8, 12, 20].randomElement(using: &generator) ?? 4
        let parts = try (0..<stages).flatMap { index -> [any NetworkPart] in
            let map = resolution.divided(by: LITv2.patch << index)
            let stage = try randomStage(channels: channels << index, map, using: &generator)
            return index == 0 ? [stage] : [TokenMerging(), stage]
        }
        let classes = [0, 1, 7].randomElement(using: &generator) ?? 0
        return Network(
            try LITv2(name: "drawn", height: resolution.height, width: resolution.width) {
                PatchEmbedding(channels: channels)
                for part in parts { part }
                Classifier(classes: classes)
            })
    }

    private static func randomStage(
        channels: Int, _ map: Resolution, using generator: inout SeededGenerator
    ) throws -> Stage {
        let depth = Int.random(in: 0...2, using: &generator)
        let ratio: Double = [1, 2.5, 4].randomElement(using: &generator) ?? 1
        guard Bool.random(using: &generator) else {
            return Stage(depth: depth) { ConvFFN(ratio: ratio) }
        }
        let windows = (1...4).filter { map.height % $0 == 0 && map.width % $0 == 0 }
        let attention = HiLoAttention(
            heads: [1, 2, 4].randomElement(using: &generator) ?? 1,
            window: windows.randomElement(using: &generator) ?? 1,
            alpha: Double.random(in: 0...1, using: &generator),
            qkvBias: Bool.random(using: &generator))
        return Stage(depth: depth) {
            attention
            ConvFFN(ratio: ratio)
        }
    }
}
