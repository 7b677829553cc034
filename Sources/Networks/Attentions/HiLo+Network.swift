import Graphs
import Reference

extension HiLo: AttentionLayer {
    public static let id = "hilo"

    public static let models = [
        NamedModel("hilo", options: [.dim, .heads, .window, .alpha], required: [.dim, .heads]) {
            options in
            let map = options.layerMap
            return Network(
                try HiLo(
                    name: options.name ?? "hilo", dim: options.dim ?? 0,
                    heads: options.heads ?? 0, window: options.window ?? 2,
                    alpha: options.alpha ?? 0.9, height: map.height, width: map.width))
        }
    ]

    var heads: Int { attention.heads }
    var macs: Int { attention.macs(channels: dim, map: map) }

    public var summary: String {
        "one HiLo attention layer, \(map) tokens of \(dim) channels, \(attention.summary)"
    }

    public var graph: Graph {
        var graph = Graph(input: Tensor(map: map, channels: dim))
        graph.returns(graph.hiLo(Graph.input, attention, prefix: ""))
        return graph
    }

    public var identity: NetworkIdentity {
        NetworkIdentity(Self.id, ["dim \(dim)", "\(attention)"])
    }

    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let parameters = try weights.hiLo("", attention, channels: dim)
        return [Operators.hiLo(tokens(input), attention, parameters).values]
    }
}
