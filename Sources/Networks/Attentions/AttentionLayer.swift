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
    /// Factor of q·kᵀ. Not of HiLo, where it can be chosen: `attention.scale(headDim:)` is its own.
    var scale: Double { 1 / Double(headDim).squareRoot() }

    /// - Throws: `NetworkError` when the numbers make no layer.
    func checkLayer() throws {
        try checkMap()
        guard heads > 0, dim % heads == 0 else {
            throw NetworkError(
                "\(name): \(dim) channels do not divide into \(heads) heads; choose heads that "
                    + "divide \(dim)")
        }
    }

    /// What is not about heads, which HiLo checks in its own words.
    func checkMap() throws {
        try checkModelName(name)
        guard dim > 0, dim <= 65536 else {
            throw NetworkError("\(name): dim is \(dim); 1 to 65536 are possible")
        }
        guard (1...4096).contains(map.height), (1...4096).contains(map.width) else {
            throw NetworkError(
                "\(name): a map of \(map) tokens; sides of 1 to 4096 are possible")
        }
    }

    /// The input as tokens in double precision.
    func tokens(_ input: [Float]) -> TokenMap {
        TokenMap(
            height: map.height, width: map.width, channels: dim, values: Operators.doubles(input))
    }
}

extension Graph {
    /// Ends a layer: the attention, and the linear operator behind it, which is returned.
    mutating func end(with attention: Operation, of inputs: [Int], dim: Int) {
        let attended = add(attention, inputs, channels: dim, label: "attention")
        returns(linear(attended, Linear("proj", from: dim, to: dim)))
    }
}

extension ModelOptions {
    /// Whether the layer has a parameter that it may lack: without a checkpoint it has.
    func hasParameter(_ name: String) -> Bool { parameters.isEmpty || parameters.contains(name) }

    /// The paper measures at 14×14 tokens.
    var layerMap: Resolution { resolution ?? Resolution(height: 14, width: 14) }
}
