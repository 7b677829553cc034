/// What the shapes of a state_dict do not tell; nil is what the authors have.
public struct BackboneSettings: Sendable, Equatable {
    /// Heads of each stage; nil is 32 channels a head.
    public var heads: [Int]?
    /// Windows of each stage; nil is 2 where a stage has Hi-Fi heads.
    public var windows: [Int]?
    public var alpha: Double?
    public var qkScale: Double?

    public init(
        heads: [Int]? = nil, windows: [Int]? = nil, alpha: Double? = nil, qkScale: Double? = nil
    ) {
        self.heads = heads
        self.windows = windows
        self.alpha = alpha
        self.qkScale = qkScale
    }
}

extension LITv2 {
    /// The network whose state_dict has these shapes, under the names of a classifier or a backbone.
    ///
    /// - Throws: `NetworkError` when no LITv2 has them.
    public init(
        shapes: [String: [Int]], _ settings: BackboneSettings, name: String,
        options: ModelOptions
    ) throws {
        // What is no network with a head is a backbone, and its own shapes tell which norms it has.
        var options = options
        options.parameters.formUnion(shapes.keys)
        options.features = options.features ?? FeatureMaps()
        let reader = ShapeReader(shapes: shapes, settings: settings, options: options)
        try self.init(
            name: name, resolution: options.resolution ?? options.usualResolution,
            stages: reader.stages(), features: options.featureMaps)
    }
}

/// Reads the stages of a LITv2 off its parameters' shapes.
private struct ShapeReader {
    let shapes: [String: [Int]]
    let settings: BackboneSettings
    let options: ModelOptions

    func stages() throws -> [LITv2.Stage] {
        guard let embedding = shapes["patch_embed.proj.weight"]?.first else {
            throw NetworkError("the checkpoint has no patch_embed.proj.weight; it is no LITv2")
        }
        // Token merging doubles the channels; what is beyond any network is refused by its check.
        let channels = (0..<8).map { embedding.multipliedReportingOverflow(by: 1 << $0) }
        let count = channels.indices.prefix {
            shapes["layers.\($0).blocks.0.norm2.weight"] != nil
        }.count
        return try (0..<count).map { try stage($0, channels: channels[$0].partialValue) }
    }

    private func stage(_ index: Int, channels: Int) throws -> LITv2.Stage {
        let prefix = "layers.\(index).blocks."
        let depth = (0..<1001).prefix { shapes["\(prefix)\($0).norm2.weight"] != nil }.count
        guard channels > 0, let hidden = shapes["\(prefix)0.mlp.fc1.bias"]?.first else {
            throw NetworkError("\(prefix)0.mlp.fc1.bias: the checkpoint lacks it; it is no LITv2")
        }
        // Before anything is multiplied by it: shapes may claim any size.
        guard LITv2.possibleChannels.contains(channels) else {
            throw NetworkError("layers.\(index): \(LITv2.refusal(channels: channels))")
        }
        return LITv2.Stage(
            depth: depth, channels: channels, mlpRatio: Double(hidden) / Double(channels),
            attention: attention(index, "\(prefix)0.attn.", channels: channels))
    }

    private func attention(_ index: Int, _ prefix: String, channels: Int) -> HiLoAttention? {
        let low = shapes[prefix + "l_proj.bias"]?.first ?? 0
        let high = shapes[prefix + "h_proj.bias"]?.first ?? 0
        guard low > 0 || high > 0 else { return nil }
        let heads = value(settings.heads, index) ?? max(1, channels / 32)
        let hasBias = shapes[prefix + "l_q.bias"] != nil || shapes[prefix + "h_qkv.bias"] != nil
        return HiLoAttention(
            heads: heads, window: window(index, hasHiFi: high > 0),
            alpha: alpha(heads: heads, low: low, channels: channels), qkvBias: hasBias,
            qkScale: settings.qkScale)
    }

    private func window(_ index: Int, hasHiFi: Bool) -> Int {
        let said = value(settings.windows, index) ?? (hasHiFi ? 2 : 1)
        return said > 1 ? options.window ?? said : said
    }

    /// What is said, and otherwise what gives as many Lo-Fi heads as there are.
    private func alpha(heads: Int, low: Int, channels: Int) -> Double {
        if let alpha = options.alpha ?? settings.alpha { return alpha }
        guard low > 0, low < channels, (1...channels).contains(heads) else {
            return low > 0 ? 1 : 0
        }
        // In the middle between two counts, so that truncation takes the lower one.
        return (Double(low * heads / channels) + 0.5) / Double(heads)
    }

    private func value(_ values: [Int]?, _ index: Int) -> Int? {
        values.flatMap { $0.indices.contains(index) ? $0[index] : nil }
    }
}
