import Testing

@testable import HiLoKit

/// A network by what a checkpoint of mmdetection's form says of it.
@Suite struct DescribedNetworkTests {
    private static let labels = ["one", "two", "three", "four", "five"]

    /// Windows of 2 and of 4, and heads of 8 channels, which no shape tells.
    private func backbone(_ features: FeatureMaps = FeatureMaps()) throws -> LITv2 {
        try LITv2(name: "net", height: 64, width: 64) {
            PatchEmbedding(channels: 8)
            Stage(depth: 1) { ConvFFN() }
            for index in 1...3 {
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 1 << index, window: [0, 2, 4, 1][index], alpha: 0.5)
                    ConvFFN()
                }
            }
            features
        }
    }

    private func described(_ parameters: [Parameter]) -> DescribedNetwork {
        let shapes = parameters.map { ($0.name, $0.shape) }
        let config = """
            model = dict(
                backbone=dict(num_heads=[1, 2, 4, 8], local_ws=[0, 2, 4, 1], alpha=0.5))
            """
        return DescribedNetwork(
            shapes: Dictionary(uniqueKeysWithValues: shapes),
            training: .dictionary([
                "config": .string(config), "CLASSES": .list(Self.labels.map { .string($0) }),
            ]))
    }

    private func detector() throws -> RetinaNet {
        try RetinaNet(backbone(), classes: 5, channels: 16, depth: 2)
    }

    private func read(_ options: ModelOptions) throws -> RetinaNet {
        let network = try described(detector().parameters).network(options)
        return try #require(network.base as? RetinaNet)
    }

    /// Each stage keeps its own window, though weights fit any.
    @Test func stagesKeepTheirWindows() throws {
        var options = ModelOptions()
        options.head = HeadOptions(.detect)
        let found = try read(options)
        #expect(found.backbone.stages == (try backbone()).stages)
        #expect(found.classes == 5)
        #expect(found.channels == 16)
        #expect(found.depth == 2)
        #expect(found.labels == Self.labels)
        options.window = 7
        let windows = try read(options).backbone.stages.map { $0.attention?.window }
        #expect(windows == [nil, 7, 7, 1])
    }

    /// What a caller says of the head wins.
    @Test func theCallersHeadStays() throws {
        let labels = ["a", "b", "c", "d", "e"]
        var head = HeadOptions(.detect)
        (head.channels, head.depth, head.labels) = (24, 3, labels)
        var options = ModelOptions()
        options.head = head
        let found = try read(options)
        #expect(found.channels == 24)
        #expect(found.depth == 3)
        #expect(found.labels == labels)
        #expect(found.classes == 5)
    }

    /// What a network by name or by configuration takes.
    @Test func filling() throws {
        let described = described(try detector().parameters)
        var options = described.filling(ModelOptions())
        #expect(options == ModelOptions(alpha: 0.5, window: 4))
        options = ModelOptions(alpha: 0.25, window: 7, classes: 3)
        options.head = HeadOptions(.detect)
        let filled = described.filling(options)
        #expect(filled.alpha == 0.25)
        #expect(filled.window == 7)
        #expect(filled.classes == 3)
        #expect(filled.head?.channels == 16)
        #expect(filled.head?.labels == [])
        options.head = HeadOptions(.segment)
        #expect(described.filling(options) == options)
    }

    /// A backbone alone has the norm behind its first stage that its checkpoint has.
    @Test(arguments: [true, false]) func firstNorm(isThere: Bool) throws {
        let network = try backbone(FeatureMaps(normalisesFirst: isThere))
        let parameters = network.parameters.map { Parameter("backbone." + $0.name, $0.shape) }
        let found = try described(parameters).network(ModelOptions())
        #expect((found.base as? LITv2)?.features == network.features)
        #expect((found.base as? LITv2)?.stages == network.stages)
    }

    /// Pictures are resized as the checkpoint's test pipeline says, in either spelling.
    @Test(arguments: [
        (
            "[dict(type='MultiScaleFlipAug', img_scale=(96, 200), transforms=[dict(keep_ratio=True)])]",
            96
        ),
        ("[dict(type='Load'), dict(type='Resize', scale=(200, 96), keep_ratio=True)]", 96),
        ("[dict(type='Resize', scale=(200, 96), keep_ratio=False)]", 800),
        ("[dict(type='Resize', scale=(200, 0), keep_ratio=True)]", 800),
        ("[dict(type='Resize', scale=200, keep_ratio=True)]", 800),
        ("[]", 800),
    ])
    func picturesHaveTheScaleOfTheTestPipeline(pipeline: String, shortSide: Int) throws {
        let shapes = try detector().parameters.map { ($0.name, $0.shape) }
        let checkpoint = DescribedNetwork(
            shapes: Dictionary(uniqueKeysWithValues: shapes),
            training: .dictionary([
                "config": .string("model = dict()\ntest_pipeline = \(pipeline)\n")
            ]))
        var options = ModelOptions()
        options.head = HeadOptions(.detect)
        let network = try checkpoint.network(options)
        #expect(network.pictureScale?.shortSide == shortSide)
        #expect(network.pictureScale?.longSide == (shortSide == 96 ? 200 : 1333))
        #expect(
            network.resolution
                == (shortSide == 96
                    ? Resolution(height: 96, width: 224) : Resolution(height: 800, width: 1344)))
    }
}
