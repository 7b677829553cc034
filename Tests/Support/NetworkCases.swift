import Networks

/// A HiLo layer in the words of the oracle.
public struct LayerGeometry: Decodable, Sendable {
    let dim: Int
    let heads: Int
    let window: Int
    let alpha: Double
    let height: Int
    let width: Int
    let qkvBias: Bool
    let qkScale: Double?

    public func layer() throws -> HiLo {
        try HiLo(
            dim: dim, heads: heads, window: window, alpha: alpha, qkvBias: qkvBias,
            qkScale: qkScale, height: height, width: width)
    }
}

/// A network in the words of the oracle.
public struct ModelGeometry: Decodable, Sendable {
    let embedDim: Int
    let depths: [Int]
    let heads: [Int]
    let windows: [Int]
    /// 0 makes a stage's blocks ConvFFN only.
    let hasMsa: [Int]
    let alpha: Double
    let mlpRatio: Double
    let classes: Int
    let qkvBias: Bool
    let qkScale: Double?
    /// Whether a backbone normalises its first map too; nil is no.
    let firstNorm: Bool?

    public func network(name: String, height: Int, width: Int) throws -> LITv2 {
        try network(name: name, height: height, width: width, end: Classifier(classes: classes))
    }

    public func backbone(name: String, height: Int, width: Int) throws -> LITv2 {
        try network(
            name: name, height: height, width: width,
            end: FeatureMaps(normalisesFirst: firstNorm ?? false))
    }

    private func network(
        name: String, height: Int, width: Int, end: any NetworkPart
    ) throws -> LITv2 {
        try LITv2(name: name, height: height, width: width) {
            PatchEmbedding(channels: embedDim)
            for stage in depths.indices {
                if stage > 0 { TokenMerging() }
                if hasMsa[stage] == 1 {
                    Stage(depth: depths[stage]) {
                        HiLoAttention(
                            heads: heads[stage], window: windows[stage], alpha: alpha,
                            qkvBias: qkvBias, qkScale: qkScale)
                        ConvFFN(ratio: mlpRatio)
                    }
                } else {
                    Stage(depth: depths[stage]) { ConvFFN(ratio: mlpRatio) }
                }
            }
            end
        }
    }
}

/// A map in three numbers, over the whole batch.
public struct MapStatistics: Decodable, Sendable {
    public let mean: Double
    public let meanAbs: Double
    public let maxAbs: Double
}

/// A HiLo layer with seeded weights and input.
public struct LayerCase: Decodable, Sendable, CustomStringConvertible {
    public let id: String
    public let geometry: LayerGeometry
    public let seed: UInt64
    public let batch: Int
    /// The tokens whose outputs are stored.
    public let rows: [Int]
    /// Of the whole output.
    public let statistics: MapStatistics
    public var description: String { id }

    public static func load() throws -> Fixture<Self> { try Fixture("layers") }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        id = try fields.decode(String.self, forKey: .id)
        seed = try fields.decode(UInt64.self, forKey: .seed)
        batch = try fields.decode(Int.self, forKey: .batch)
        rows = try fields.decode([Int].self, forKey: .rows)
        geometry = try LayerGeometry(from: decoder)
        statistics = try MapStatistics(from: decoder)
    }

    private enum Key: String, CodingKey { case id, seed, batch, rows }
}

/// A classifier with seeded weights and input.
public struct NetworkCase: Decodable, Sendable, CustomStringConvertible {
    public let id: String
    public let model: ModelGeometry
    public let height: Int
    public let width: Int
    public let seed: UInt64
    public let batch: Int
    /// Of each stage's map before token merging.
    public let stages: [MapStatistics]
    public var description: String { id }

    public static func load() throws -> Fixture<Self> { try Fixture("networks") }

    /// Of the published networks `make test` has one: others have more blocks, more channels or other
    /// maps, and small backbones show all windows and alphas.
    public var isLong: Bool {
        id.hasPrefix("litv2")
            ? id != "litv2_s_224" : ["tiny_mlp2", "three_stages", "one_stage"].contains(id)
    }

    /// The network; its name is the case's.
    public func network() throws -> LITv2 {
        try model.network(name: id, height: height, width: width)
    }
}

/// The map of a backbone's stage over the whole batch, N×C×H×W, of which a sample is stored.
public struct StageCase: Decodable, Sendable {
    public let shape: [Int]
    /// Stored are the values 0, `stride`, 2·`stride`, … of the flattened map; 1 for all.
    public let stride: Int
    /// Root of the mean square of PyTorch's own error in float32, over the stored values.
    public let fp32RmsError: Double
    /// Of the whole map.
    public let statistics: MapStatistics

    /// What is stored of a map.
    public func sample<Value>(of map: [Value]) -> [Value] {
        Swift.stride(from: 0, to: map.count, by: stride).map { map[$0] }
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        shape = try fields.decode([Int].self, forKey: .shape)
        stride = try fields.decode(Int.self, forKey: .stride)
        fp32RmsError = try fields.decode(Double.self, forKey: .fp32RmsError)
        statistics = try MapStatistics(from: decoder)
    }

    private enum Key: String, CodingKey { case shape, stride, fp32RmsError }
}

/// A dense-prediction backbone with seeded weights and input.
public struct BackboneCase: Decodable, Sendable, CustomStringConvertible {
    public let id: String
    public let model: ModelGeometry
    public let height: Int
    public let width: Int
    public let seed: UInt64
    public let batch: Int
    /// Whether a plain network in double precision takes minutes.
    public let large: Bool
    public let stages: [StageCase]
    public var description: String { id }

    public static func load() throws -> Fixture<Self> { try Fixture("backbones") }

    /// `make test` has each window and each alpha of the grid at least once, with alphas of 0 and 1 for the
    /// windows of 1 and 4, and odd maps, windows that differ by stage, and a first norm. Published networks are
    /// the same with more blocks and channels, of which `NetworkCase` has one.
    public var isLong: Bool {
        ![
            "dense_odd", "dense_window_3", "dense_first_norm", "dense_tiny_window_1_alpha_10",
            "dense_tiny_window_4_alpha_00",
        ].contains(id)
    }

    /// The network; all cases have one name, so that their libraries share kernels.
    public func network() throws -> LITv2 {
        try model.backbone(name: "net", height: height, width: width)
    }

    public func weights() throws -> [String: [Float]] {
        seededWeights(Network(try network()).parameters, seed: seed)
    }
}

/// What PyTorch's autocast to bfloat16 is off by in a network of `NetworkCase`.
public struct AutocastCase: Decodable, Sendable {
    public let id: String
    /// Root mean square over all outputs, in their own units.
    public let rmsError: Double

    public static func load() throws -> [AutocastCase] {
        try Fixture<AutocastCase>("autocast", hasTensors: false).cases
    }
}
