import Graphs
import Reference

/// A kind of network: LITv2, or an attention layer on its own.
///
/// A value is a network, checked when it was made: whatever exists can be planned and generated.
/// Everything outside a family's folder knows it through this protocol; adding one is adding a
/// folder and a line of `NetworkRegistry`.
public protocol NetworkFamily: Sendable, Hashable, Codable {
    /// Names the family in plans.
    static var id: String { get }
    /// The networks of the family that have a name on the command line.
    static var models: [NamedModel] { get }

    /// A C identifier that prefixes every symbol of the generated library.
    var name: String { get }
    /// One line that says what the network is, in numbers only.
    var summary: String { get }
    /// Pixels of an image, or tokens of a layer's map.
    var resolution: Resolution { get }
    /// How an image becomes the input; nil of a layer, which takes tokens.
    var image: EvaluationRecipe? { get }
    /// The size of pictures before they are padded; nil where `resolution` says all.
    var pictureScale: PictureScale? { get }
    /// The recipe whose sizes of inputs one library can serve, all of them; nil when it is for
    /// fixed ones.
    var inputRule: InputRule? { get }
    /// Values of one image's input, without the batch dimension.
    var inputShape: [Int] { get }
    /// What one image becomes, in order.
    var outputs: [NetworkOutput] { get }
    /// What its classes are called; empty where nobody said it.
    var labels: [String] { get }
    /// The learned tensors in the order of the authors' `state_dict`.
    var parameters: [Parameter] { get }
    /// Names of parameters that a checkpoint may lack, and then are those of a new layer.
    var optionalParameters: Set<String> { get }
    /// The computation, nothing folded and nothing fused.
    var graph: Graph { get }
    /// The network that returns the maps which its heads read, with the same weights; nil of one without heads.
    var pyramid: Network? { get }
    /// What decides which weights fit, whatever the resolution and the name.
    var identity: NetworkIdentity { get }
    /// Parameters and multiply-accumulates of each part, in the order of computation.
    var costs: [Cost] { get }

    /// The same network at another resolution.
    ///
    /// - Throws: `NetworkError` when it does not take that.
    func at(_ resolution: Resolution) throws -> Self
    /// Checks a network that was decoded rather than constructed.
    ///
    /// - Throws: `NetworkError` as its initialiser does.
    func check() throws
    /// The outputs of one image in double precision, computed apart from `graph`.
    ///
    /// - Parameter input: values of `inputShape`.
    /// - Throws: `ReferenceError` when a tensor has another size than the network needs.
    func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]]
    /// The same where results follow from comparisons, which rounding decides.
    ///
    /// - Parameter found: those of the outputs that are discrete, as the library found them, in the
    ///   place of the output; nil of others. What comes behind them is computed from them.
    /// - Returns: an empty array for a discrete output.
    func reference(
        _ input: [Float], _ weights: ParameterReader, continuing found: [[Float]?]
    ) throws -> [[Double]]
    /// Why values of a discrete output cannot be right; nil when they may be.
    ///
    /// - Parameter found: all outputs of the same run. What follows from one that is compared with the reference's has to
    ///   follow from it as it is: of narrow elements it differs by more than what decides between classes.
    func flaw(in values: [Float], ofOutput index: Int, beside found: [[Float]]) -> String?
}

extension NetworkFamily {
    /// Whoever packs weights has all of them in memory.
    ///
    /// - Throws: `NetworkError` when they take more than 1 GiB in single precision, three times LITv2-B's.
    package func checkSize() throws {
        let (count, most) = (parameters.reduce(0) { $0 + $1.count }, 1 << 28)
        guard count <= most else {
            throw NetworkError("\(name): \(count) weights; up to \(most) are possible")
        }
    }

    public static var models: [NamedModel] { [] }
    public var pyramid: Network? { nil }
    public var pictureScale: PictureScale? { nil }
    public var optionalParameters: Set<String> { [] }
    public var image: EvaluationRecipe? { nil }
    public var inputRule: InputRule? { nil }
    public var labels: [String] { [] }

    public func reference(
        _ input: [Float], _ weights: ParameterReader, continuing found: [[Float]?]
    ) throws -> [[Double]] {
        try reference(input, weights)
    }

    public func flaw(
        in values: [Float], ofOutput index: Int, beside found: [[Float]]
    ) -> String? { nil }
}

/// One of a network's outputs, for one image.
public struct NetworkOutput: Sendable, Equatable {
    /// What a scalar of it means.
    public enum Kind: Sendable, Equatable {
        /// A logit of each class.
        case classes
        /// The map of a stage, from 1.
        case featureMap(stage: Int, FeatureLayout)
        case values
        /// A logit of each class, of anchors, of proposals or of the tokens of a map.
        case logits
        /// How boxes must be moved.
        case deltas
        /// Of all that may be an object.
        case proposalLogits, proposalDeltas
        /// Boxes that may be objects: x0, y0, x1, y1 in pixels of the input and a score, the best
        /// first; rows behind the last have the score −1.
        case proposals
        /// Objects, in rows of `AnchorRule.detectionWidth`, the best first; rows behind the last
        /// have the class −1.
        case detections
        /// A logit of each point of a detection's box.
        case maskLogits
        /// The class of each pixel.
        case labels
    }

    public let kind: Kind
    public let shape: [Int]
    /// What its dimensions are: `channels, height, width`.
    public let dimensions: String

    public init(_ kind: Kind, shape: [Int], dimensions: String) {
        self.kind = kind
        self.shape = shape
        self.dimensions = dimensions
    }

    /// Values in all.
    public var count: Int { shape.reduce(1, *) }

    /// Of a feature map, from 1.
    public var stage: Int? {
        if case .featureMap(let stage, _) = kind { stage } else { nil }
    }

    /// A name for files.
    public var name: String {
        switch kind {
        case .classes, .values: "output"
        case .featureMap(let stage, _): "stage\(stage)"
        case .logits: "logits"
        case .deltas: "deltas"
        case .proposalLogits: "rpn_logits"
        case .proposalDeltas: "rpn_deltas"
        case .proposals: "proposals"
        case .detections: "detections"
        case .maskLogits: "mask_logits"
        case .labels: "labels"
        }
    }

    /// Whether it follows from comparisons: rounding may give another value, not one nearby.
    public var isDiscrete: Bool {
        switch kind {
        case .proposals, .detections, .labels: true
        case .classes, .featureMap, .values, .logits, .deltas, .proposalLogits, .proposalDeltas,
            .maskLogits:
            false
        }
    }
}

extension NetworkOutput {
    /// The map of a stage, from 1.
    static func featureMap(
        ofStage stage: Int, _ map: Resolution, channels: Int, _ layout: FeatureLayout = .tokens
    ) -> NetworkOutput {
        switch layout {
        case .planes:
            NetworkOutput(
                .featureMap(stage: stage, layout), shape: [channels, map.height, map.width],
                dimensions: "channels, height, width")
        case .tokens:
            NetworkOutput(
                .featureMap(stage: stage, layout), shape: [map.height, map.width, channels],
                dimensions: "height, width, channels")
        }
    }

    /// So many rows of detections.
    static func detections(_ most: Int) -> NetworkOutput {
        NetworkOutput(
            .detections, shape: [most, AnchorRule.detectionWidth], dimensions: "detections, values")
    }
}

/// Equal for networks that take the same weights.
public struct NetworkIdentity: Sendable, Hashable, Encodable {
    public let family: String
    /// The family's numbers that change weights, in a fixed order.
    public let structure: [String]

    public init(_ family: String, _ structure: [String]) {
        self.family = family
        self.structure = structure
    }
}

/// Parameters and multiply-accumulates of one part of a network.
public struct Cost: Sendable, Equatable {
    public let part: String
    public let parameters: Int
    public let macs: Int
}
