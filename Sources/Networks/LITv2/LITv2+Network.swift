import Graphs
import Reference

extension LITv2: NetworkFamily {
    public static let id = "litv2"

    public static let models = Preset.allCases.map { preset in
        NamedModel(preset.rawValue, options: [.alpha, .window, .classes, .features, .head]) {
            options in
            let network = try preset.network(
                name: options.name, resolution: options.resolution ?? options.usualResolution,
                alpha: options.alpha ?? 0.9, window: options.window ?? 2,
                classes: options.classes ?? 1000, features: options.featureMaps)
            return try network.network(options)
        }
    }

    public var image: EvaluationRecipe? { evaluation }
    public var inputShape: [Int] { [3, resolution.height, resolution.width] }

    public var outputs: [NetworkOutput] {
        guard let features else {
            let channels = stages[stages.count - 1].channels
            return classes > 0
                ? [NetworkOutput(.classes, shape: [classes], dimensions: "classes")]
                : [NetworkOutput(.values, shape: [channels], dimensions: "channels")]
        }
        return features.stages.map { stage in
            .featureMap(
                ofStage: stage, map(ofStage: stage - 1), channels: stages[stage - 1].channels,
                features.layout)
        }
    }

    /// Norms of feature maps, which only checkpoints of backbones have. A network has one behind the
    /// first stage because its checkpoint has it, so that one is not left to choice.
    public var optionalParameters: Set<String> {
        let norms = (features?.stages ?? []).filter { $0 > 1 }
            .compactMap { features?.norm(ofStage: $0) }
        return Set(norms.flatMap { ["\($0).weight", "\($0).bias"] })
    }

    /// The layout of feature maps changes no weights.
    public var identity: NetworkIdentity {
        let blocks = stages.map { "\($0.depth) blocks, \($0.channels) channels, \($0.identity)" }
        let end = features.map { "maps \($0.stages)" + ($0.normalisesFirst ? ", norm0" : "") }
        return NetworkIdentity(Self.id, blocks + [end ?? "\(classes) classes"])
    }

    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let reference = LITv2Reference(self, weights)
        guard let features else { return [try reference.run(input)] }
        let (height, width) = (resolution.height, resolution.width)
        return try reference.featureMaps(
            input, height: height, width: width, stages: features.stages
        ).map { features.layout == .planes ? $0.planes : $0.values }
    }
}

extension LITv2.Stage {
    fileprivate var identity: String {
        "\(hidden) hidden, " + (attention.map { "\($0)" } ?? "no attention")
    }
}

// MARK: - Summary

extension LITv2 {
    public var summary: String {
        let depths = stages.map { String($0.depth) }.joined(separator: ", ")
        let attention = stages.enumerated().compactMap { index, stage in
            stage.attention.map { "stage \(index + 1): \($0.summary)" }
        }
        return "LITv2 on \(resolution) pixels, \(stages[0].channels) channels, \(depths) blocks, "
            + outputSummary
            + (attention.isEmpty ? "" : "; " + attention.joined(separator: "; "))
    }

    private var outputSummary: String {
        if let features {
            return "feature maps of \(features.stages.count == 1 ? "stage" : "stages") "
                + features.stages.map(String.init).joined(separator: ", ")
                + (features.normalisesFirst ? ", the first normalised" : "")
                + (features.layout == .tokens ? ", channels last" : "")
        }
        return classes > 0 ? "\(classes) classes" : "pooled features"
    }
}
