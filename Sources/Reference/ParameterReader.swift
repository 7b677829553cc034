import Networks

/// Why the reference cannot compute something, and what to change.
public struct ReferenceError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Gets the operators' weights by their checkpoint names, with the sizes the network implies.
struct ParameterReader: Sendable {
    let network: String
    let parameter: @Sendable (String) -> [Float]

    func tensor(_ name: String, count: Int) throws -> [Float] {
        let values = parameter(name)
        guard values.count == count else {
            throw ReferenceError(
                "\(network): \(name) has \(values.count) values where the network needs \(count); "
                    + "use the weights of this network")
        }
        return values
    }

    /// `name.weight` of `fanIn` values an output, and `name.bias`.
    func affine(
        _ name: String, fanIn: Int = 1, outputs: Int, bias: Bool = true
    ) throws -> Affine {
        Affine(
            weight: try tensor("\(name).weight", count: outputs * fanIn),
            bias: bias ? try tensor("\(name).bias", count: outputs) : nil)
    }
}

extension ParameterReader {
    func hiLo(_ prefix: String, _ layer: HiLoAttention, channels: Int) throws -> HiLoWeights {
        let headDim = channels / layer.heads
        let (high, low) = (layer.hiFiHeads * headDim, layer.loFiHeads * headDim)
        let hiFi =
            try high == 0
            ? nil
            : HiFiWeights(
                qkv: affine(
                    prefix + "h_qkv", fanIn: channels, outputs: 3 * high, bias: layer.qkvBias),
                projection: affine(prefix + "h_proj", fanIn: high, outputs: high))
        let loFi =
            try low == 0
            ? nil
            : LoFiWeights(
                query: affine(prefix + "l_q", fanIn: channels, outputs: low, bias: layer.qkvBias),
                keyValue: affine(
                    prefix + "l_kv", fanIn: channels, outputs: 2 * low, bias: layer.qkvBias),
                projection: affine(prefix + "l_proj", fanIn: low, outputs: low))
        return HiLoWeights(hiFi: hiFi, loFi: loFi)
    }

    func convFFN(_ prefix: String, channels: Int, hidden: Int) throws -> ConvFFNWeights {
        try ConvFFNWeights(
            expand: affine(prefix + "fc1", fanIn: channels, outputs: hidden),
            depthwise: affine(prefix + "dwconv.dwconv", fanIn: 9, outputs: hidden),
            contract: affine(prefix + "fc2", fanIn: hidden, outputs: channels))
    }

    func tokenMerging(_ prefix: String, channels: Int) throws -> TokenMergingWeights {
        let norm = prefix + "norm_layer"
        return try TokenMergingWeights(
            offset: affine(prefix + "dconv.conv_offset", fanIn: 4 * channels, outputs: 8),
            convolution: affine(prefix + "dconv", fanIn: 4 * channels, outputs: 2 * channels),
            norm: BatchNormWeights(
                affine: affine(norm, outputs: 2 * channels),
                mean: tensor(norm + ".running_mean", count: 2 * channels),
                variance: tensor(norm + ".running_var", count: 2 * channels)))
    }
}
