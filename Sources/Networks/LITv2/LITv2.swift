import Graphs

/// A LITv2 (arXiv 2205.13213): patch embedding, stages of blocks with deformable token merging
/// between them, and a classifier's head or the feature maps of a backbone.
public struct LITv2: Sendable, Hashable, Codable {
    /// One stage: `depth` blocks on a map of `channels`-wide tokens.
    public struct Stage: Sendable, Hashable, Codable {
        public let depth: Int
        public let channels: Int
        /// Hidden width of ConvFFN over `channels`.
        public let mlpRatio: Double
        /// nil: the blocks hold only a ConvFFN.
        public let attention: HiLoAttention?

        public var hidden: Int { Int(Double(channels) * mlpRatio) }
    }

    /// Side of a patch and stride of the embedding.
    public static let patch = 4

    /// Of a stage.
    static let possibleChannels = 1...65536

    public let name: String
    public let resolution: Resolution
    public let stages: [Stage]
    /// Outputs of the head; 0 leaves the head out and returns the pooled features.
    public let classes: Int
    /// The maps that a backbone returns; nil for a classifier.
    public let features: FeatureMaps?
    /// How an image becomes the input.
    public let evaluation: EvaluationRecipe

    /// - Parameter evaluation: nil is what the authors do at this resolution.
    /// - Throws: `NetworkError` when the numbers do not make a network.
    public init(
        name: String, resolution: Resolution, stages: [Stage], classes: Int = 0,
        features: FeatureMaps? = nil, evaluation: EvaluationRecipe? = nil
    ) throws {
        self.name = name
        self.resolution = resolution
        self.stages = stages
        self.classes = features == nil ? classes : 0
        self.features = features?.of(stageCount: stages.count)
        self.evaluation = evaluation ?? (features == nil ? .usual(for: resolution) : .fit)
        try check()
    }

    /// The token map of stage `index`, 0-based: patches at the border are filled with zeros, and
    /// token merging leaves an odd row or column out.
    public func map(ofStage index: Int) -> Resolution {
        resolution.dividedRoundingUp(by: LITv2.patch).divided(by: 1 << index)
    }

    /// The same network at another resolution.
    ///
    /// - Throws: `NetworkError` when the stages cannot halve it.
    public func at(_ resolution: Resolution) throws -> LITv2 {
        try LITv2(
            name: name, resolution: resolution, stages: stages, classes: classes,
            features: features, evaluation: evaluation)
    }

    public func check() throws {
        try checkModelName(name)
        guard !stages.isEmpty, stages.count <= 8 else {
            throw NetworkError("\(name): \(stages.count) stages; 1 to 8 are possible")
        }
        guard (0...1_000_000).contains(classes) else {
            throw NetworkError(
                "\(name): classes is \(classes); 1 to 1000000 are possible, and 0 for pooled features"
            )
        }
        try features?.check(stageCount: stages.count, name: name)
        for side in [resolution.height, resolution.width] { try check(side: side) }
        for (index, stage) in stages.enumerated() {
            try check(stage, at: index)
        }
        try checkSize()
    }

    private func check(side: Int) throws {
        guard side <= 16384 else {
            throw NetworkError(
                "\(name): resolution \(resolution): sides up to 16384 are possible")
        }
        let multiple = LITv2.patch << (stages.count - 1)
        guard features == nil else {
            let least = multiple - LITv2.patch + 1
            guard side >= least else {
                throw NetworkError(
                    "\(name): resolution \(resolution): \(side) is too small for \(stages.count) "
                        + "stages to halve the map; at least \(least) pixels are needed")
            }
            return
        }
        guard side > 0, side % multiple == 0 else {
            throw NetworkError(
                "\(name): resolution \(resolution): \(side) is not a multiple of \(multiple), "
                    + "so \(stages.count) stages cannot halve the map; the nearest that can is "
                    + "\(max(multiple, (side + multiple / 2) / multiple * multiple))")
        }
    }

    static func refusal(channels: Int) -> String {
        "\(channels) channels; \(possibleChannels.lowerBound) to \(possibleChannels.upperBound) "
            + "are possible"
    }

    private func check(_ stage: Stage, at index: Int) throws {
        let place = "\(name), stage \(index + 1)"
        guard stage.depth >= 0, stage.depth <= 1000 else {
            throw NetworkError("\(place): depth is \(stage.depth); 0 to 1000 blocks are possible")
        }
        guard Self.possibleChannels.contains(stage.channels) else {
            throw NetworkError("\(place): \(Self.refusal(channels: stage.channels))")
        }
        if index > 0, stage.channels != 2 * stages[index - 1].channels {
            throw NetworkError(
                "\(place): \(stage.channels) channels; token merging doubles the channels to "
                    + "\(2 * stages[index - 1].channels)")
        }
        guard stage.mlpRatio > 0, stage.mlpRatio <= 64, stage.hidden >= 1 else {
            throw NetworkError(
                "\(place): MLP ratio \(stage.mlpRatio) leaves no hidden channels or too many")
        }
        try stage.attention?.check(channels: stage.channels, place: place)
    }
}
