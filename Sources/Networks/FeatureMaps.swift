/// How a feature map lies in memory.
public enum FeatureLayout: String, Sendable, Codable, CaseIterable {
    /// channels × height × width, as PyTorch has maps.
    case planes
    /// height × width × channels: channels last.
    case tokens
}

/// What a backbone for dense prediction returns instead of classes: the maps of some stages, each
/// before its token merging, those from the second stage on through a LayerNorm of their own.
public struct FeatureMaps: NetworkPart, Equatable, Codable {
    /// Which stages' maps are returned, 1-based and ascending.
    public let stages: [Int]
    public let layout: FeatureLayout

    public init(stages: [Int] = [1, 2, 3, 4], layout: FeatureLayout = .planes) {
        self.stages = stages
        self.layout = layout
    }

    /// The LayerNorm behind a stage (1-based), as the authors name it; the first stage has none.
    public static func norm(ofStage stage: Int) -> String? {
        stage > 1 ? "norm\(stage - 1)" : nil
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
