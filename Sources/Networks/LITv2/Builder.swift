import Graphs

/// A part of a LITv2 network as it is written in the DSL.
public protocol NetworkPart: Sendable {}

/// Convolution 4×4 with stride 4 into `channels`, then LayerNorm.
public struct PatchEmbedding: NetworkPart {
    let channels: Int
    public init(channels: Int) { self.channels = channels }
}

/// `depth` equal blocks; the braces hold what a block does, in order.
public struct Stage: NetworkPart {
    let depth: Int
    let layers: [any BlockLayer]
    public init(depth: Int, @BlockBuilder _ layers: () -> [any BlockLayer]) {
        self.depth = depth
        self.layers = layers()
    }
}

/// Deformable token merging: halves the map and doubles the channels.
public struct TokenMerging: NetworkPart {
    public init() {}
}

/// Final LayerNorm, mean over the tokens and a Linear head; `classes: 0` returns the features.
public struct Classifier: NetworkPart {
    let classes: Int
    public init(classes: Int) { self.classes = classes }
}

/// A residual layer of a block.
public protocol BlockLayer: Sendable {}
extension HiLoAttention: BlockLayer {}

/// Linear → depthwise 3×3 → GELU → Linear with `ratio` times the channels hidden.
public struct ConvFFN: BlockLayer {
    let ratio: Double
    public init(ratio: Double = 4) { self.ratio = ratio }
}

@resultBuilder
public enum BlockBuilder {
    public static func buildBlock(_ layers: any BlockLayer...) -> [any BlockLayer] { layers }
}

@resultBuilder
public enum NetworkBuilder {
    public static func buildExpression(_ part: any NetworkPart) -> [any NetworkPart] { [part] }
    public static func buildBlock(_ parts: [any NetworkPart]...) -> [any NetworkPart] {
        parts.flatMap { $0 }
    }
    public static func buildArray(_ parts: [[any NetworkPart]]) -> [any NetworkPart] {
        parts.flatMap { $0 }
    }
    public static func buildOptional(_ parts: [any NetworkPart]?) -> [any NetworkPart] {
        parts ?? []
    }
    public static func buildEither(first parts: [any NetworkPart]) -> [any NetworkPart] { parts }
    public static func buildEither(second parts: [any NetworkPart]) -> [any NetworkPart] { parts }
}

extension LITv2 {
    /// A network written part by part:
    ///
    ///     let network = try LITv2(name: "tiny", height: 64, width: 64) {
    ///         PatchEmbedding(channels: 24)
    ///         Stage(depth: 1) { ConvFFN() }
    ///         TokenMerging()
    ///         Stage(depth: 2) { HiLoAttention(heads: 4, window: 2, alpha: 0.5); ConvFFN() }
    ///         Classifier(classes: 10)
    ///     }
    ///
    /// - Throws: `NetworkError` when the parts are out of order or do not fit together.
    public init(
        name: String, height: Int, width: Int,
        @NetworkBuilder _ parts: () throws -> [any NetworkPart]
    ) throws {
        var assembly = Assembly(name: name)
        for part in try parts() { try assembly.add(part) }
        try self.init(
            name: name, resolution: Resolution(height: height, width: width),
            stages: assembly.stages, classes: assembly.finish(), features: assembly.features)
    }
}

/// Reads the parts in order and says which one is out of place.
private struct Assembly {
    let name: String
    var stages: [LITv2.Stage] = []
    private var channels: Int?
    private var mergingIsOpen = false
    private var classes: Int?
    var features: FeatureMaps?

    init(name: String) { self.name = name }

    mutating func add(_ part: any NetworkPart) throws {
        guard classes == nil else {
            throw NetworkError("\(name): nothing may follow Classifier or FeatureMaps")
        }
        switch part {
        case let part as PatchEmbedding:
            guard channels == nil else {
                throw NetworkError("\(name): PatchEmbedding stands once, at the beginning")
            }
            channels = part.channels
        case let part as Stage: try add(part)
        case is TokenMerging:
            guard !stages.isEmpty, !mergingIsOpen else {
                throw NetworkError("\(name): TokenMerging stands between two stages")
            }
            mergingIsOpen = true
        case let part as Classifier: try end(classes: part.classes)
        case let part as FeatureMaps:
            try end(classes: 0)
            features = part
        default: throw NetworkError("\(name): \(type(of: part)) is not a part of LITv2")
        }
    }

    private mutating func end(classes: Int) throws {
        guard !mergingIsOpen else {
            throw NetworkError("\(name): a Stage must follow TokenMerging")
        }
        self.classes = classes
    }

    private mutating func add(_ stage: Stage) throws {
        guard let embedded = channels else {
            throw NetworkError("\(name): PatchEmbedding must come before the first Stage")
        }
        guard stages.isEmpty || mergingIsOpen else {
            throw NetworkError("\(name): TokenMerging must stand between two stages")
        }
        let attention = stage.layers.compactMap { $0 as? HiLoAttention }
        guard let ffn = stage.layers.last as? ConvFFN, stage.layers.count == attention.count + 1,
            attention.count <= 1
        else {
            throw NetworkError(
                "\(name), stage \(stages.count + 1): a block is ConvFFN, or HiLoAttention then ConvFFN"
            )
        }
        // Shifting what is out of range would trap; the network's own check names the mistake.
        let width = embedded.multipliedReportingOverflow(by: 1 << min(stages.count, 16))
        stages.append(
            LITv2.Stage(
                depth: stage.depth, channels: width.overflow ? -1 : width.partialValue,
                mlpRatio: ffn.ratio, attention: attention.first))
        mergingIsOpen = false
    }

    func finish() throws -> Int {
        guard let classes else {
            throw NetworkError(
                "\(name): Classifier (classes: 0 for pooled features) or FeatureMaps must stand at "
                    + "the end")
        }
        return classes
    }
}
