import Graphs
import Networks
import Testing

/// The networks and recipes that configurations in the authors' form describe.
@Suite struct ConfigurationTests {
    /// A released configuration with the keys that the authors' file has.
    struct Released: Sendable {
        let name: String
        let preset: Preset
        let side: Int
        let evaluation: EvaluationRecipe
        let channels: Int
        let depths: String
        let heads: String
        let rest: String

        var yaml: String {
            """
            MODEL:
              TYPE: litv2
              NAME: \(name)
              DROP_PATH_RATE: 0.5
              OFFSET_LR_MULTI: 0.01
              LIT:
                EMBED_DIM: \(channels)
                DEPTHS: \(depths)
                NUM_HEADS: \(heads)
                ALPHA: 0.9
                LOCAL_WS: [ 0, 0, 2, 1 ]
            DATA:
              NUM_WORKERS: 10
              BATCH_SIZE: 128
              DATA_PATH: /data/imagenet
              DATASET: imagenet
            \(rest)
            """
        }
    }

    static let released = [
        Released(
            name: "litv2_small", preset: .small, side: 224, evaluation: .resizeAndCrop,
            channels: 96, depths: "[ 2, 2, 6, 2 ]", heads: "[ 3, 6, 12, 24 ]", rest: ""),
        Released(
            name: "litv2_medium", preset: .medium, side: 224, evaluation: .resizeAndCrop,
            channels: 96, depths: "[2, 2, 18, 2]", heads: "[3, 6, 12, 24]", rest: ""),
        Released(
            name: "litv2_base", preset: .base, side: 224, evaluation: .resizeAndCrop,
            channels: 128, depths: "[ 2, 2, 18, 2 ]", heads: "[ 4, 8, 16, 32 ]", rest: ""),
        Released(
            name: "litv2_base_384", preset: .base, side: 384, evaluation: .resize,
            channels: 128, depths: "[ 2, 2, 18, 2 ]", heads: "[ 4, 8, 16, 32 ]",
            rest: """
                  IMG_SIZE: 384
                TRAIN:
                  EPOCHS: 30
                  WEIGHT_DECAY: 1e-8
                  BASE_LR: 2e-05
                  ANYTHING: [1, {A: 2}]
                TEST:
                  CROP: False
                """),
    ]

    @Test(arguments: released) func releasedConfigurationsAreThePresets(_ file: Released) throws {
        let configuration = try NetworkConfiguration(yaml: file.yaml, source: "released.yaml")
        let resolution = Resolution(height: file.side, width: file.side)
        let preset = try file.preset.network(name: file.name, resolution: resolution)
        #expect(configuration.network == preset)
        #expect(configuration.evaluation == file.evaluation)
        #expect(try LITv2(yaml: file.yaml, source: "released.yaml") == preset)
    }

    @Test func defaultsAreTheAuthors() throws {
        let configuration = try NetworkConfiguration(yaml: "MODEL: {TYPE: litv2}", source: "x")
        #expect(configuration.network == (try Preset.small.network(name: "lit_s", alpha: 0.5)))
        #expect(configuration.evaluation == .resizeAndCrop)
    }

    @Test func everyKeyOfTheNetworkCounts() throws {
        let network = try LITv2(
            yaml: """
                MODEL:
                  TYPE: litv2
                  NAME: tiny-1.5
                  NUM_CLASSES: 0
                  LIT:
                    EMBED_DIM: 24
                    DEPTHS: [1, 0, 3]
                    NUM_HEADS: [1, 4, 6]
                    MLP_RATIO: 3
                    QKV_BIAS: False
                    QK_SCALE: 0.25
                    ALPHA: .5
                    HAS_MSA: [0, 1, 1]
                    LOCAL_WS: [0, 4, 1]
                    WINDOW_SIZE: 7
                    PATCH_SIZE: 4
                    IN_CHANS: 3
                    APE: False
                    PATCH_NORM: True
                DATA: {IMG_SIZE: 96, INTERPOLATION: bicubic}
                """, source: "tiny.yaml")
        let attention = { (heads: Int, window: Int) in
            HiLoAttention(heads: heads, window: window, alpha: 0.5, qkvBias: false, qkScale: 0.25)
        }
        let expected = try LITv2(name: "tiny_1_5", height: 96, width: 96) {
            PatchEmbedding(channels: 24)
            Stage(depth: 1) { ConvFFN(ratio: 3) }
            TokenMerging()
            Stage(depth: 0) {
                attention(4, 4); ConvFFN(ratio: 3)
            }
            TokenMerging()
            Stage(depth: 3) {
                attention(6, 1); ConvFFN(ratio: 3)
            }
            Classifier(classes: 0)
        }
        #expect(network == expected)
    }

    @Test func withoutMSAThereIsOnlyAConvFFN() throws {
        let network = try LITv2(
            yaml: "MODEL: {TYPE: litv2, LIT: {HAS_MSA: [0, 0, 0, 1]}}", source: "x")
        #expect(network.stages.map { $0.attention != nil } == [false, false, false, true])
    }

    @Test(arguments: ["None", "~", "null", "0", "0.0"])
    func noScaleIsTheDefaultScale(text: String) throws {
        let network = try LITv2(
            yaml: "MODEL: {TYPE: litv2, LIT: {QK_SCALE: \(text)}}", source: "x")
        #expect(network.stages[2].attention?.qkScale == nil)
    }

    @Test(arguments: [
        ("imagenet", 1000), ("imagenet100", 100), ("cifar", 100), ("cifar10", 10), ("mine", 1000),
    ])
    func theDatasetSetsTheClasses(dataset: String, classes: Int) throws {
        let data = "DATA: {DATASET: \(dataset)}"
        #expect(try LITv2(yaml: "MODEL: {TYPE: litv2}\n\(data)", source: "x").classes == classes)
        let given = "MODEL: {TYPE: litv2, NUM_CLASSES: 7}\n\(data)"
        #expect(try LITv2(yaml: given, source: "x").classes == 7)
    }

    @Test func overridesReplaceTheFilesValues() throws {
        let overrides = ModelOptions(
            name: "other", resolution: Resolution(height: 256, width: 320), alpha: 0.25, window: 4,
            classes: 5)
        let network = try LITv2(yaml: Self.released[0].yaml, source: "x", overrides: overrides)
        #expect(
            network
                == (try Preset.small.network(
                    name: "other", resolution: Resolution(height: 256, width: 320), alpha: 0.25,
                    window: 4, classes: 5)))
    }

    @Test func anOverriddenWindowLeavesGlobalAttentionAlone() throws {
        let yaml = "MODEL: {TYPE: litv2, LIT: {HAS_MSA: [1, 1, 1, 1], LOCAL_WS: [4, 1, 2, 1]}}"
        let network = try LITv2(yaml: yaml, source: "x", overrides: .init(window: 7))
        #expect(network.stages.map { $0.attention?.window } == [7, 1, 7, 1])
    }

    @Test func emptySectionsAndNoBaseAreAccepted() throws {
        let yaml = "BASE: ['']\nDATA:\nMODEL:\n  LIT: ~\n  TYPE: litv2\nTEST:\n"
        #expect(try LITv2(yaml: yaml, source: "x").stages.count == 4)
    }

    /// As the authors' loader reads them, and as it writes them.
    @Test(arguments: [
        "(1, 1, 4, 1)", "'(1,1,4,1,)'", "!!python/tuple [1, 1, 4, 1]",
        "!!python/tuple\n  - 1\n  - 1\n  - 4\n  - 1",
    ])
    func tuplesAreLists(text: String) throws {
        let yaml = "MODEL:\n TYPE: litv2\n LIT:\n  DEPTHS: \(text)\n"
        #expect(try LITv2(yaml: yaml, source: "x").stages.map(\.depth) == [1, 1, 4, 1])
    }

    @Test(arguments: ["(1)", "()", "(,)", "(1, one)", "(1, 2", "(1,, 2)", "(1 2, 3)"])
    func otherTextsInBracketsAreTexts(text: String) {
        let yaml = "MODEL:\n TYPE: litv2\n LIT:\n  DEPTHS: \(text)\n"
        let error = #expect(throws: NetworkError.self) { try LITv2(yaml: yaml, source: "x") }
        #expect(error?.description.contains("found the text '\(text)'") == true)
    }

    @Test func anchorsInReasonAreUnderstood() throws {
        let yaml = "MODEL: {TYPE: litv2, LIT: {DEPTHS: &d [1, 1, 4, 1], NUM_HEADS: *d}}"
        let network = try LITv2(yaml: yaml, source: "x")
        #expect(network.stages.map(\.depth) == [1, 1, 4, 1])
        #expect(network.stages[2].attention?.heads == 4)
    }

    @Test func aCheckpointsTreeIsTheSameConfiguration() throws {
        func integers(_ values: [Int]) -> ConfigurationTree { .list(values.map { .int($0) }) }
        let tree = ConfigurationTree.dictionary([
            // Read long since: a checkpoint holds what came of all files.
            ("BASE", .list([.string("litv2-base.yaml")])),
            ("DATA", .dictionary([("IMG_SIZE", .int(384)), ("DATASET", .string("imagenet"))])),
            ("TEST", .dictionary([("CROP", .bool(false))])),
            ("TRAIN", .dictionary([("CLIP_GRAD", .double(5))])),
            (
                "MODEL",
                .dictionary([
                    ("TYPE", .string("litv2")), ("NAME", .string("litv2_b")),
                    ("NUM_CLASSES", .int(1000)),
                    (
                        "LIT",
                        .dictionary([
                            ("EMBED_DIM", .int(128)), ("DEPTHS", integers([2, 2, 18, 2])),
                            ("NUM_HEADS", integers([4, 8, 16, 32])), ("MLP_RATIO", .double(4)),
                            ("QK_SCALE", .null), ("ALPHA", .double(0.9)),
                            ("LOCAL_WS", integers([0, 0, 2, 1])),
                            ("HAS_MSA", integers([0, 0, 1, 1])),
                        ])
                    ),
                ])
            ),
        ])
        let configuration = try NetworkConfiguration(tree: tree, source: "model.pth")
        let preset = try Preset.base.network(resolution: Resolution(height: 384, width: 384))
        #expect(configuration.network == preset)
        #expect(configuration.evaluation == .resize)
        let renamed = try LITv2(
            configuration: tree, source: "model.pth", overrides: .init(name: "mine"))
        #expect(renamed.name == "mine")
    }

    @Test(arguments: [("384net", "litv2_384net"), ("lit v2/é.b", "lit_v2___b")])
    func namesBecomeIdentifiers(name: String, identifier: String) throws {
        let yaml = "MODEL: {TYPE: litv2, NAME: '\(name)'}"
        #expect(try LITv2(yaml: yaml, source: "x").name == identifier)
    }
}
