import Graphs

/// A network and its evaluation as a configuration of the authors' describes them.
///
/// Keys that are missing have the defaults of the authors' config.py. Keys that say how a network
/// is trained are ignored; unknown keys in MODEL, MODEL.LIT, DATA and TEST are errors. Overrides
/// replace what the keys say; those that no LITv2 has are ignored.
public struct NetworkConfiguration: Sendable, Equatable {
    public let network: LITv2
    public let evaluation: EvaluationRecipe

    /// Reads a YAML text.
    ///
    /// - Parameters:
    ///   - source: path of the file, for messages and as that from which `BASE` counts.
    ///   - readBase: the text of a file that `BASE` names; without it such names are refused.
    /// - Throws: `NetworkError` that names the file, the line and the key; what `readBase` throws.
    public init(
        yaml text: String, source: String, overrides: ModelOptions = .init(),
        readBase: ((ConfigurationBase) throws -> String)? = nil
    ) throws {
        var chain = ConfigurationChain(readBase)
        let reader = try chain.reader(of: text, source)
        try self.init(reader, source: source, overrides: overrides)
    }

    /// Reads plain data, such as a checkpoint's `config`. Files that its `BASE` names are part of it
    /// already: the authors' loader reads them before it trains.
    ///
    /// - Parameter source: name of the file, for messages.
    /// - Throws: `NetworkError` that names the file and the key.
    public init(tree: ConfigurationTree, source: String, overrides: ModelOptions = .init()) throws {
        try self.init(
            ConfigurationReader(tree, source: source), source: source, overrides: overrides)
    }

    private init(_ reader: ConfigurationReader, source: String, overrides: ModelOptions) throws {
        try reader.checkSupported()
        let side = try reader.integer("DATA.IMG_SIZE", in: 1...16384, default: 224)
        let name = try overrides.name ?? identifier(reader.text("MODEL.NAME", default: "lit-s"))
        let stages = try reader.stages(overrides)
        let classes = try overrides.classes ?? reader.classes()
        evaluation = try reader.flag("TEST.CROP", default: true) ? .resizeAndCrop : .resize
        do {
            network = try LITv2(
                name: name,
                resolution: overrides.resolution ?? Resolution(height: side, width: side),
                stages: stages, classes: classes, features: overrides.featureMaps,
                evaluation: overrides.featureMaps == nil ? evaluation : nil)
        } catch let error as NetworkError {
            throw NetworkError("\(source): \(error.description)")
        }
    }
}

extension LITv2 {
    /// The network of a YAML text in the authors' form; see `NetworkConfiguration`.
    public init(
        yaml text: String, source: String, overrides: ModelOptions = .init(),
        readBase: ((ConfigurationBase) throws -> String)? = nil
    ) throws {
        self = try NetworkConfiguration(
            yaml: text, source: source, overrides: overrides, readBase: readBase
        ).network
    }

    /// The network of a configuration as plain data; see `NetworkConfiguration`.
    public init(
        configuration: ConfigurationTree, source: String, overrides: ModelOptions = .init()
    ) throws {
        self = try NetworkConfiguration(tree: configuration, source: source, overrides: overrides)
            .network
    }
}

/// A model's name as part of C symbols: `lit-s` becomes `lit_s`, and a digit gets a prefix.
private func identifier(_ name: String) -> String {
    let legal = name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    return (legal.first?.isNumber == true ? "litv2_" : "") + String(legal)
}

extension ConfigurationReader {
    /// Refuses what would make another network than LITv2, or another preparation of images.
    fileprivate func checkSupported() throws {
        try require("MODEL.TYPE", .string("litv2"), default: .string("lit"))
        try require("MODEL.LIT.PATCH_SIZE", .int(4))
        try require("MODEL.LIT.IN_CHANS", .int(3))
        try require("MODEL.LIT.APE", .bool(false))
        try require("MODEL.LIT.PATCH_NORM", .bool(true))
        try require("DATA.INTERPOLATION", .string("bicubic"))
    }

    private func require(
        _ path: String, _ expected: ConfigurationTree, default value: ConfigurationTree? = nil
    ) throws {
        let actual = try self.value(path) ?? value ?? expected
        guard actual.found == expected.found else {
            throw unexpected(path, actual, "\(expected.found); nothing else is supported")
        }
    }

    /// The stages; each doubles the channels of the one before.
    fileprivate func stages(_ overrides: ModelOptions) throws -> [LITv2.Stage] {
        let depths = try integers("MODEL.LIT.DEPTHS", default: [2, 2, 6, 2])
        guard (1...8).contains(depths.count) else {
            throw error(at: "MODEL.LIT.DEPTHS", "expected 1 to 8 entries, found \(depths.count)")
        }
        let channels = try integer("MODEL.LIT.EMBED_DIM", in: LITv2.possibleChannels, default: 96)
        let ratio = try number("MODEL.LIT.MLP_RATIO", default: 4.0) ?? 4
        guard ratio > 0, ratio <= 64 else {
            throw unexpected("MODEL.LIT.MLP_RATIO", .double(ratio), "a number above 0, at most 64")
        }
        let layers = try attentions(stages: depths.count, overrides)
        return depths.indices.map { stage in
            LITv2.Stage(
                depth: depths[stage], channels: channels << stage, mlpRatio: ratio,
                attention: layers[stage])
        }
    }

    /// The attention of each stage; nil where the blocks hold only a ConvFFN.
    private func attentions(stages count: Int, _ overrides: ModelOptions) throws
        -> [HiLoAttention?]
    {
        let heads = try integers("MODEL.LIT.NUM_HEADS", count: count, default: [3, 6, 12, 24])
        let windows = try integers("MODEL.LIT.LOCAL_WS", count: count, default: [0, 0, 2, 1])
        // The authors' network takes it, although their build function leaves it at this default.
        let hasAttention = try integers("MODEL.LIT.HAS_MSA", count: count, default: [0, 0, 1, 1])
        guard hasAttention.allSatisfy({ $0 == 0 || $0 == 1 }) else {
            throw unexpected(
                "MODEL.LIT.HAS_MSA", .list(hasAttention.map { .int($0) }), "0 or 1 for each stage")
        }
        let alpha = try overrides.alpha ?? number("MODEL.LIT.ALPHA", default: 0.5) ?? 0.5
        let bias = try flag("MODEL.LIT.QKV_BIAS", default: true)
        // The authors write `qk_scale or head_dim ** -0.5`: 0 means the default too.
        let scale = try number("MODEL.LIT.QK_SCALE", default: nil).flatMap { $0 == 0 ? nil : $0 }
        return (0..<count).map { stage in
            guard hasAttention[stage] == 1 else { return nil }
            let window = windows[stage] > 1 ? overrides.window ?? windows[stage] : windows[stage]
            return HiLoAttention(
                heads: heads[stage], window: window, alpha: alpha, qkvBias: bias, qkScale: scale)
        }
    }

    /// `MODEL.NUM_CLASSES`, else what the authors' loader sets for `DATA.DATASET`.
    fileprivate func classes() throws -> Int {
        let dataset = try text("DATA.DATASET", default: "imagenet")
        let ofDataset = ["imagenet100": 100, "cifar": 100, "cifar10": 10][dataset] ?? 1000
        return try integer("MODEL.NUM_CLASSES", in: 0...1_000_000, default: ofDataset)
    }
}
