import Graphs
import Reference

/// Spatial-reduction attention on its own (Pyramid Vision Transformer, arXiv 2102.12122): every token
/// attends to a map that a convolution of side and stride `ratio`, and a LayerNorm, have made smaller.
public struct SRA: Sendable, Hashable, Codable {
    public let name: String
    public let dim: Int
    public let heads: Int
    /// Side of the squares that become one token; 1 leaves the map as it is.
    public let ratio: Int
    public let map: Resolution
    /// Whether `q` and `kv` have a bias.
    public let qkvBias: Bool

    /// - Throws: `NetworkError` when the numbers make no layer.
    public init(
        name: String = "sra", dim: Int, heads: Int, ratio: Int = 2, qkvBias: Bool = true,
        map: Resolution = Resolution(height: 14, width: 14)
    ) throws {
        self.name = name
        self.dim = dim
        self.heads = heads
        self.ratio = ratio
        self.qkvBias = qkvBias
        self.map = map
        try check()
    }

    /// What is attended to; what is left over at the right and the bottom is left out.
    var reduced: Resolution { map.divided(by: ratio) }
}

extension SRA: AttentionLayer {
    public static let id = "sra"
    public static let models = [
        NamedModel("sra", options: [.dim, .heads, .ratio], required: [.dim, .heads]) { options in
            Network(
                try SRA(
                    name: options.name ?? "sra", dim: options.dim ?? 0, heads: options.heads ?? 0,
                    ratio: options.ratio ?? 2, qkvBias: options.hasParameter("q.bias"),
                    map: options.layerMap))
        }
    ]

    public func check() throws {
        try checkLayer()
        guard (1...min(map.height, map.width)).contains(ratio) else {
            throw NetworkError(
                "\(name): a ratio of \(ratio): 1 to \(min(map.height, map.width)) are possible on "
                    + "a map of \(map) tokens")
        }
    }

    public func at(_ resolution: Resolution) throws -> SRA {
        try SRA(
            name: name, dim: dim, heads: heads, ratio: ratio, qkvBias: qkvBias, map: resolution)
    }

    public var summary: String {
        "one spatial-reduction attention layer, \(map) tokens of \(dim) channels, \(heads) heads, "
            + "ratio \(ratio)"
    }

    public var parameters: [Parameter] {
        Parameter.linear("q", from: dim, to: dim, bias: qkvBias)
            + (ratio > 1
                ? Parameter.convolution("sr", from: dim, to: dim, kernel: ratio)
                    + Parameter.norm("norm", dim) : [])
            + Parameter.linear("kv", from: dim, to: 2 * dim, bias: qkvBias)
            + Parameter.linear("proj", from: dim, to: dim)
    }

    public var identity: NetworkIdentity {
        NetworkIdentity(Self.id, ["dim \(dim), heads \(heads), ratio \(ratio), bias \(qkvBias)"])
    }

    var macs: Int {
        let keys = reduced.count
        let reduction = ratio > 1 ? keys * ratio * ratio * dim * dim : 0
        return map.count * dim * 2 * dim + reduction + keys * dim * 2 * dim
            + 2 * map.count * keys * dim
    }

    public var graph: Graph {
        var graph = Graph(input: Tensor(map: map, channels: dim))
        let q = graph.linear(Graph.input, Linear("q", from: dim, to: dim, hasBias: qkvBias))
        let tokens = ratio > 1 ? reduction(&graph) : Graph.input
        let kv = graph.linear(tokens, Linear("kv", from: dim, to: 2 * dim, hasBias: qkvBias))
        graph.end(
            with: .globalAttention(Heads(heads, dim: headDim), scale: scale), of: [q, kv], dim: dim)
        return graph
    }

    private func reduction(_ graph: inout Graph) -> Int {
        let width = ratio * ratio * dim
        let squares = graph.add(
            .tokenPatches(side: ratio), [Graph.input], map: reduced, channels: width,
            label: "patches")
        let mixed = graph.linear(
            squares, Linear("sr", from: width, to: dim, order: .points(ratio * ratio)))
        return graph.layerNorm(mixed, "norm")
    }

    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let reduction =
            try ratio == 1
            ? nil
            : SpatialReductionWeights.Reduction(
                convolution: weights.affine("sr", fanIn: ratio * ratio * dim, outputs: dim),
                norm: weights.affine("norm", outputs: dim))
        let parameters = SpatialReductionWeights(
            query: try weights.affine("q", fanIn: dim, outputs: dim, bias: qkvBias),
            reduction: reduction,
            keyValue: try weights.affine("kv", fanIn: dim, outputs: 2 * dim, bias: qkvBias),
            projection: try weights.affine("proj", fanIn: dim, outputs: dim))
        return [
            Operators.spatialReductionAttention(
                tokens(input), heads: heads, ratio: ratio, parameters
            ).values
        ]
    }
}
