import Graphs

/// What a backbone for dense prediction returns instead of classes: the maps of some stages, each
/// before its token merging, those from the second stage on through a LayerNorm of their own.
public struct FeatureMaps: NetworkPart, Hashable {
    /// Which stages' maps are returned, 1-based and ascending; of a network never empty.
    public let stages: [Int]
    public let layout: FeatureLayout
    /// Whether the first stage's map goes through a LayerNorm too, as in backbones for segmentation;
    /// of a network only where it returns that map.
    public let normalisesFirst: Bool

    /// - Parameter stages: empty stands for all stages of the network.
    public init(
        stages: [Int] = [], layout: FeatureLayout = .planes, normalisesFirst: Bool = false
    ) {
        self.stages = stages
        self.layout = layout
        self.normalisesFirst = normalisesFirst
    }

    /// A parameter that only checkpoints of backbones with a norm behind the first stage have.
    static let signOfFirstNorm = "norm0.weight"

    /// The LayerNorm behind a stage (1-based), as the authors name it; nil of the first stage where
    /// its map stays as it is.
    public func norm(ofStage stage: Int) -> String? {
        stage > 1 || normalisesFirst ? "norm\(stage - 1)" : nil
    }

    /// With the stages named, of a network of so many.
    func of(stageCount: Int) -> FeatureMaps {
        let named = stages.isEmpty ? Array(1...max(stageCount, 1)) : stages
        return FeatureMaps(
            stages: named, layout: layout, normalisesFirst: normalisesFirst && named.contains(1))
    }

    func check(stageCount: Int, name: String) throws {
        guard !stages.isEmpty, zip(stages, stages.dropFirst()).allSatisfy({ $0 < $1 }),
            stages.allSatisfy({ (1...stageCount).contains($0) })
        else {
            throw NetworkError(
                "\(name): outputs \(stages.map(String.init).joined(separator: ",")); expected "
                    + "different stages from 1 to \(stageCount) in ascending order")
        }
        guard !normalisesFirst || stages.contains(1) else {
            throw NetworkError(
                "\(name): norm0 is for the map of stage 1, which is not an output; leave "
                    + "normalisesFirst out")
        }
    }
}

// MARK: - Codable

/// `normalisesFirst` is written only where it is true: plans from before it stay as they are.
extension FeatureMaps: Codable {
    private enum CodingKeys: String, CodingKey { case stages, layout, normalisesFirst }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            stages: try container.decode([Int].self, forKey: .stages),
            layout: try container.decode(FeatureLayout.self, forKey: .layout),
            normalisesFirst: try container.decodeIfPresent(Bool.self, forKey: .normalisesFirst)
                ?? false)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(stages, forKey: .stages)
        try container.encode(layout, forKey: .layout)
        if normalisesFirst { try container.encode(true, forKey: .normalisesFirst) }
    }
}
