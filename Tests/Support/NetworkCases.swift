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

    public func network(name: String, height: Int, width: Int) throws -> LITv2 {
        try network(name: name, height: height, width: width, end: Classifier(classes: classes))
    }

    public func backbone(name: String, height: Int, width: Int) throws -> LITv2 {
        try network(
            name: name, height: height, width: width,
            end: FeatureMaps(stages: Array(1...depths.count)))
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
    /// N×C×H×W of a backbone's map.
    public let shape: [Int]?
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

    /// The network; its name is the case's.
    public func network() throws -> LITv2 {
        try model.network(name: id, height: height, width: width)
    }
}

/// A dense-prediction backbone with seeded weights and input.
public struct BackboneCase: Decodable, Sendable, CustomStringConvertible {
    public let id: String
    public let model: ModelGeometry
    public let height: Int
    public let width: Int
    public let seed: UInt64
    public let batch: Int
    /// Stored are the channels 0, `channelStep`, 2·`channelStep`, …
    public let channelStep: Int
    public let stages: [MapStatistics]
    public var description: String { id }

    public static func load() throws -> Fixture<Self> { try Fixture("backbones") }

    public func network() throws -> LITv2 {
        try model.backbone(name: id, height: height, width: width)
    }

    public func weights() throws -> [String: [Float]] {
        seededWeights(Network.litv2(try network()).parameters, seed: seed)
    }

    /// The values of a stage's map, N×C×H×W, that are stored.
    public func stored<Value>(_ map: [Value], stage: Int) -> [Value] {
        let shape = stages[stage].shape ?? []
        let (channels, count) = (shape[1], shape[2] * shape[3])
        return (0..<shape[0]).flatMap { image in
            stride(from: 0, to: channels, by: channelStep).flatMap { channel in
                let start = (image * channels + channel) * count
                return map[start..<start + count]
            }
        }
    }
}
