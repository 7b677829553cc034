import Graphs

/// What a backbone for dense prediction returns instead of classes: the maps of some stages, each
/// before its token merging, those from the second stage on through a LayerNorm of their own.
public struct FeatureMaps: NetworkPart, Hashable, Codable {
    /// Which stages' maps are returned, 1-based and ascending; of a network never empty.
    public let stages: [Int]
    public let layout: FeatureLayout

    /// - Parameter stages: empty stands for all stages of the network.
    public init(stages: [Int] = [], layout: FeatureLayout = .planes) {
        self.stages = stages
        self.layout = layout
    }

    /// The LayerNorm behind a stage (1-based), as the authors name it; the first stage has none.
    public static func norm(ofStage stage: Int) -> String? {
        stage > 1 ? "norm\(stage - 1)" : nil
    }

    /// With the stages named, of a network of so many.
    func of(stageCount: Int) -> FeatureMaps {
        stages.isEmpty ? FeatureMaps(stages: Array(1...max(stageCount, 1)), layout: layout) : self
    }

    func check(stageCount: Int, name: String) throws {
        guard !stages.isEmpty, zip(stages, stages.dropFirst()).allSatisfy({ $0 < $1 }),
            stages.allSatisfy({ (1...stageCount).contains($0) })
        else {
            throw NetworkError(
                "\(name): outputs \(stages.map(String.init).joined(separator: ",")); expected "
                    + "different stages from 1 to \(stageCount) in ascending order")
        }
    }
}
