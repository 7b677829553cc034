import Networks

/// A value of the seeded generator.
public struct SeededCase: Decodable, Sendable {
    /// An unsigned 64-bit number as text, which no JSON reader rounds.
    public let seed: String
    public let name: String
    public let center: Double
    public let scale: Double
    public let index: Int
    /// The pattern of the single-precision value.
    public let bits: UInt32

    public static func load() throws -> Fixture<Self> { try Fixture("seeded", hasTensors: false) }
}

/// One operator on stored inputs.
public struct OperatorCase: Decodable, Sendable, CustomStringConvertible {
    /// Decoding fails for an operator that is not listed.
    public enum Operator: String, Decodable, Sendable, CaseIterable {
        case linear, gelu, softmax, hilo
        case layerNorm = "layer_norm"
        case patchEmbedding = "patch_embedding"
        case depthwise = "depthwise_conv3x3"
        case batchNorm = "batch_norm"
        case averagePool = "average_pool"
        case deformableConvolution = "deform_conv"
        case tokenMerging = "token_merging"
    }

    public let id: String
    public let `operator`: Operator
    /// Side of the squares of an average pool, or of a layer's windows.
    public let window: Int?
    /// Nil for operators other than `hilo`.
    public let layer: LayerGeometry?
    public var description: String { id }

    public static func load() throws -> Fixture<Self> { try Fixture("operators") }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        id = try fields.decode(String.self, forKey: .id)
        self.operator = try fields.decode(Operator.self, forKey: .operator)
        window = try fields.decode(Pool.self, forKey: .attributes).window
        layer =
            try self.operator == .hilo
            ? fields.decode(LayerGeometry.self, forKey: .attributes) : nil
    }

    private enum Key: String, CodingKey { case id, attributes, `operator` }
    private struct Pool: Decodable { let window: Int? }
}
