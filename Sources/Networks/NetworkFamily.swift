import Graphs
import Reference

/// A kind of network: LITv2, or an attention layer on its own.
///
/// A value is a network, checked when it was made: whatever exists can be planned and generated.
/// Everything outside a family's folder knows it through this protocol; adding one is adding a folder
/// and a line of `NetworkRegistry`.
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
    /// Values of one image's input, without the batch dimension.
    var inputShape: [Int] { get }
    /// What one image becomes, in order.
    var outputs: [NetworkOutput] { get }
    /// The learned tensors in the order of the authors' `state_dict`.
    var parameters: [Parameter] { get }
    /// Names of parameters that a checkpoint may lack, and then are those of a new layer.
    var optionalParameters: Set<String> { get }
    /// The computation, nothing folded and nothing fused.
    var graph: Graph { get }
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
}

extension NetworkFamily {
    public static var models: [NamedModel] { [] }
    public var optionalParameters: Set<String> { [] }
    public var image: EvaluationRecipe? { nil }
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
    public var name: String { stage.map { "stage\($0)" } ?? "output" }
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
