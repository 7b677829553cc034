import Graphs
import Reference

/// What single attention layers have in common: `dim` channels in `heads` heads on a map of tokens.
protocol AttentionLayer: NetworkFamily {
    var dim: Int { get }
    var heads: Int { get }
    var map: Resolution { get }
    /// Parameters and multiply-accumulates besides norms, as the paper counts them.
    var macs: Int { get }
}

extension AttentionLayer {
    public var resolution: Resolution { map }
    public var inputShape: [Int] { [map.count, dim] }
    public var outputs: [NetworkOutput] {
        [NetworkOutput(.values, shape: [map.count, dim], dimensions: "tokens, channels")]
    }

    public var costs: [Cost] {
        [
            Cost(
                part: "attention", parameters: parameters.reduce(0) { $0 + $1.count },
                macs: macs)
        ]
    }

    var headDim: Int { dim / heads }
    var scale: Double { 1 / Double(headDim).squareRoot() }

    /// - Throws: `NetworkError` when the numbers make no layer.
    func checkLayer() throws {
        try checkModelName(name)
        guard dim > 0, dim <= 65536 else {
            throw NetworkError("\(name): dim is \(dim); 1 to 65536 are possible")
        }
        guard (1...4096).contains(map.height), (1...4096).contains(map.width) else {
            throw NetworkError(
                "\(name): a map of \(map) tokens; sides of 1 to 4096 are possible")
        }
        guard heads > 0, dim % heads == 0 else {
            throw NetworkError(
                "\(name): \(dim) channels do not divide into \(heads) heads; choose heads that "
                    + "divide \(dim)")
        }
    }

    /// The input as tokens in double precision.
    func tokens(_ input: [Float]) -> TokenMap {
        TokenMap(
            height: map.height, width: map.width, channels: dim, values: Operators.doubles(input))
    }
}

extension Graph {
    /// The linear operator behind an attention.
    mutating func projection(_ x: Int, dim: Int) -> Int {
        linear(x, Linear("proj", from: dim, to: dim))
    }
}

extension ModelOptions {
    /// The paper measures at 14×14 tokens.
    var layerMap: Resolution { resolution ?? Resolution(height: 14, width: 14) }
}
