import Networks

/// An attention layer other than HiLo, with seeded weights and input.
public struct AttentionCase: Decodable, Sendable, CustomStringConvertible {
    /// Decoding fails for a kind that is not listed.
    public enum Kind: Sendable, Equatable {
        case msa
        case sra(ratio: Int)
        case window(side: Int, shift: Int, positionBias: Bool)
    }

    public let id: String
    public let kind: Kind
    public let dim: Int
    public let heads: Int
    public let height: Int
    public let width: Int
    public let batch: Int
    public let qkvBias: Bool
    public let seed: UInt64
    /// Names and shapes of PyTorch's `state_dict`.
    public let parameters: [Parameter]
    /// The tokens of every image whose outputs are stored.
    public let rows: [Int]
    /// Of the whole output.
    public let statistics: MapStatistics
    public var description: String { id }

    /// Tensors: `<id>.output32` and `<id>.output64`, batch×rows×dim.
    public static func load() throws -> Fixture<Self> { try Fixture("attentions") }

    /// The weights by their names.
    public func weights() -> [String: [Float]] { seededWeights(parameters, seed: seed) }

    /// `batch` images of height·width tokens, row by row.
    public func inputs() -> [[Float]] {
        seededInputs(batch: batch, count: height * width * dim, seed: seed)
    }

    /// What is stored of the images' whole outputs.
    public func sample<Value>(of outputs: [[Value]]) -> [Value] {
        outputs.flatMap { tokens in rows.flatMap { tokens[$0 * dim..<($0 + 1) * dim] } }
    }
}

extension AttentionCase {
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        id = try fields.decode(String.self, forKey: .id)
        kind = try Kind(from: decoder)
        dim = try fields.decode(Int.self, forKey: .dim)
        heads = try fields.decode(Int.self, forKey: .heads)
        height = try fields.decode(Int.self, forKey: .height)
        width = try fields.decode(Int.self, forKey: .width)
        batch = try fields.decode(Int.self, forKey: .batch)
        qkvBias = try fields.decode(Bool.self, forKey: .qkvBias)
        seed = try fields.decode(UInt64.self, forKey: .seed)
        parameters = try fields.decode([Shape].self, forKey: .parameters).map {
            Parameter($0.name, $0.shape)
        }
        rows = try fields.decode([Int].self, forKey: .rows)
        statistics = try MapStatistics(from: decoder)
    }

    private enum Key: String, CodingKey {
        case id, dim, heads, height, width, batch, qkvBias, seed, parameters, rows
    }

    private struct Shape: Decodable {
        let name: String
        let shape: [Int]
    }
}

extension AttentionCase.Kind: Decodable {
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        switch try fields.decode(Name.self, forKey: .kind) {
        case .msa: self = .msa
        case .sra: self = .sra(ratio: try fields.decode(Int.self, forKey: .srRatio))
        case .window:
            self = .window(
                side: try fields.decode(Int.self, forKey: .window),
                shift: try fields.decode(Int.self, forKey: .shift),
                positionBias: try fields.decode(Bool.self, forKey: .positionBias))
        }
    }

    private enum Name: String, Decodable { case msa, sra, window }
    private enum Key: String, CodingKey { case kind, srRatio, window, shift, positionBias }
}
