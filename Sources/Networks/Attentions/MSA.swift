import Graphs
import Reference

/// Multi-head self-attention on its own: every token attends to every token,
/// softmax(q·kᵀ/√d)·v with `qkv` (dim → 3·dim) before and `proj` (dim → dim) behind it.
public struct MSA: Sendable, Hashable, Codable {
    public let name: String
    public let dim: Int
    public let heads: Int
    public let map: Resolution
    /// Whether `qkv` has a bias.
    public let qkvBias: Bool

    /// - Throws: `NetworkError` when the numbers make no layer.
    public init(
        name: String = "msa", dim: Int, heads: Int, qkvBias: Bool = true,
        map: Resolution = Resolution(height: 14, width: 14)
    ) throws {
        self.name = name
        self.dim = dim
        self.heads = heads
        self.qkvBias = qkvBias
        self.map = map
        try check()
    }
}

extension MSA: AttentionLayer {
    public static let id = "msa"
    public static let models = [
        NamedModel("msa", options: [.dim, .heads], required: [.dim, .heads]) { options in
            Network(
                try MSA(
                    name: options.name ?? "msa", dim: options.dim ?? 0, heads: options.heads ?? 0,
                    qkvBias: options.hasParameter("qkv.bias"), map: options.layerMap))
        }
    ]

    public func check() throws { try checkLayer() }

    public func at(_ resolution: Resolution) throws -> MSA {
        try MSA(name: name, dim: dim, heads: heads, qkvBias: qkvBias, map: resolution)
    }

    public var summary: String {
        "one attention layer of all tokens to all, \(map) tokens of \(dim) channels, \(heads) heads"
    }

    public var parameters: [Parameter] {
        Parameter.linear("qkv", from: dim, to: 3 * dim, bias: qkvBias)
            + Parameter.linear("proj", from: dim, to: dim)
    }

    public var identity: NetworkIdentity {
        NetworkIdentity(Self.id, ["dim \(dim), heads \(heads), bias \(qkvBias)"])
    }

    var macs: Int { map.count * dim * 4 * dim + 2 * map.count * map.count * dim }

    public var graph: Graph {
        var graph = Graph(input: Tensor(map: map, channels: dim))
        let q = graph.linear(
            Graph.input, Linear("qkv", from: dim, to: dim, hasBias: qkvBias))
        let kv = graph.linear(
            Graph.input, Linear("qkv", from: dim, to: 2 * dim, firstRow: dim, hasBias: qkvBias))
        graph.end(
            with: .globalAttention(Heads(heads, dim: headDim), scale: scale), of: [q, kv], dim: dim)
        return graph
    }

    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let parameters = SelfAttentionWeights(
            qkv: try weights.affine("qkv", fanIn: dim, outputs: 3 * dim, bias: qkvBias),
            projection: try weights.affine("proj", fanIn: dim, outputs: dim))
        return [Operators.selfAttention(tokens(input), heads: heads, parameters).values]
    }
}
