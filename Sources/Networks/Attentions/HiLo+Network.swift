import Graphs
import Reference

extension HiLo: NetworkFamily {
    public static let id = "hilo"

    public static let models = [
        NamedModel("hilo", options: [.dim, .heads, .window, .alpha], required: [.dim, .heads]) {
            options in
            let map = options.resolution ?? Resolution(height: 14, width: 14)
            return Network(
                try HiLo(
                    name: options.name ?? "hilo", dim: options.dim ?? 0,
                    heads: options.heads ?? 0, window: options.window ?? 2,
                    alpha: options.alpha ?? 0.9, height: map.height, width: map.width))
        }
    ]

    public var resolution: Resolution { map }
    public var inputShape: [Int] { [map.count, dim] }
    public var outputs: [NetworkOutput] {
        [NetworkOutput(.values, shape: [map.count, dim], dimensions: "tokens, channels")]
    }

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

    public var costs: [Cost] {
        [
            Cost(
                part: "attention", parameters: parameters.reduce(0) { $0 + $1.count },
                macs: attention.macs(channels: dim, map: map))
        ]
    }

    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let tokens = TokenMap(
            height: map.height, width: map.width, channels: dim, values: Operators.doubles(input))
        let parameters = try weights.hiLo("", attention, channels: dim)
        return [Operators.hiLo(tokens, attention, parameters).values]
    }
}
