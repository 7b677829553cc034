import Graphs
import Reference

/// Window attention on its own (Swin Transformer, arXiv 2103.14030): tokens attend inside windows, which
/// may be shifted, with or without a bias of relative positions.
public struct WindowMSA: Sendable, Hashable, Codable {
    public let name: String
    public let dim: Int
    public let heads: Int
    /// Side of a window in tokens; the map is filled up to whole windows.
    public let window: Int
    /// Tokens by which windows begin further right and down.
    public let shift: Int
    /// Whether there is a `relative_position_bias_table`.
    public let hasPositionBias: Bool
    public let map: Resolution
    /// Whether `qkv` has a bias.
    public let qkvBias: Bool

    /// - Throws: `NetworkError` when the numbers make no layer.
    public init(
        name: String = "window", dim: Int, heads: Int, window: Int = 7, shift: Int = 0,
        hasPositionBias: Bool = false, qkvBias: Bool = true,
        map: Resolution = Resolution(height: 14, width: 14)
    ) throws {
        self.name = name
        self.dim = dim
        self.heads = heads
        self.window = window
        self.shift = shift
        self.hasPositionBias = hasPositionBias
        self.qkvBias = qkvBias
        self.map = map
        try check()
    }

    private static let table = "relative_position_bias_table"
    /// Rows of the table: one for each way that a token may lie from another in a window.
    private var distances: Int { (2 * window - 1) * (2 * window - 1) }
}

extension WindowMSA: AttentionLayer {
    public static let id = "window"
    public static let models = [
        NamedModel(
            "window", options: [.dim, .heads, .window, .shift], required: [.dim, .heads]
        ) { options in
            Network(
                try WindowMSA(
                    name: options.name ?? "window", dim: options.dim ?? 0,
                    heads: options.heads ?? 0, window: options.window ?? 7,
                    shift: options.shift ?? 0,
                    hasPositionBias: options.parameters.contains(table),
                    qkvBias: options.hasParameter("qkv.bias"), map: options.layerMap))
        }
    ]

    public func check() throws {
        try checkLayer()
        guard (1...64).contains(window) else {
            throw NetworkError("\(name): window is \(window); 1 to 64 tokens are possible")
        }
        guard (0..<window).contains(shift) else {
            throw NetworkError(
                "\(name): shift is \(shift); 0 to \(window - 1) are possible with windows of "
                    + "\(window) tokens")
        }
    }

    public func at(_ resolution: Resolution) throws -> WindowMSA {
        try WindowMSA(
            name: name, dim: dim, heads: heads, window: window, shift: shift,
            hasPositionBias: hasPositionBias, qkvBias: qkvBias, map: resolution)
    }

    public var summary: String {
        "one window attention layer, \(map) tokens of \(dim) channels, \(heads) heads, window "
            + "\(window)" + (shift > 0 ? " shifted by \(shift)" : "")
            + (hasPositionBias ? ", relative positions" : "")
    }

    public var parameters: [Parameter] {
        (hasPositionBias ? [Parameter(Self.table, [distances, heads])] : [])
            + Parameter.linear("qkv", from: dim, to: 3 * dim, bias: qkvBias)
            + Parameter.linear("proj", from: dim, to: dim)
    }

    public var identity: NetworkIdentity {
        let table = hasPositionBias ? "window \(window)" : "no table"
        return NetworkIdentity(Self.id, ["dim \(dim), heads \(heads), \(table), bias \(qkvBias)"])
    }

    var macs: Int {
        let tokens = map.dividedRoundingUp(by: window).count * window * window
        return tokens * dim * 4 * dim + 2 * tokens * window * window * dim
    }

    public var graph: Graph {
        var graph = Graph(input: Tensor(map: map, channels: dim))
        let qkv = graph.linear(
            Graph.input, Linear("qkv", from: dim, to: 3 * dim, hasBias: qkvBias))
        let windows = Windows(
            side: window, shift: shift, positionBias: hasPositionBias ? Self.table : nil)
        graph.end(
            with: .windowAttention(Heads(heads, dim: headDim), windows, scale: scale), of: [qkv],
            dim: dim)
        return graph
    }

    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let parameters = WindowAttentionWeights(
            qkv: try weights.affine("qkv", fanIn: dim, outputs: 3 * dim, bias: qkvBias),
            projection: try weights.affine("proj", fanIn: dim, outputs: dim),
            positionBias: hasPositionBias
                ? try weights.tensor(Self.table, count: distances * heads) : nil)
        return [
            Operators.windowAttention(
                tokens(input), heads: heads, window: window, shift: shift, parameters
            ).values
        ]
    }
}
