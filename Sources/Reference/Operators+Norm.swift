extension Operators {
    /// LayerNorm over the channels of every token, with the biased variance.
    public static func layerNorm(_ map: TokenMap, _ weights: Affine) -> TokenMap {
        let (scale, shift) = scaleAndShift(weights, channels: map.channels)
        return TokenMap(height: map.height, width: map.width, channels: map.channels) {
            token, output in
            let input = map.values[map.range(ofToken: token)]
            let count = Double(map.channels)
            let mean = input.reduce(0, +) / count
            let variance = input.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
            let deviation = (variance + epsilon).squareRoot()
            for (channel, value) in input.enumerated() {
                output[channel] = (value - mean) / deviation * scale[channel] + shift[channel]
            }
        }.cut(to: weights.limits)
    }

    /// BatchNorm at inference: every channel by its running mean and variance.
    public static func batchNorm(_ map: TokenMap, _ weights: BatchNormWeights) -> TokenMap {
        let (scale, shift) = scaleAndShift(weights.affine, channels: map.channels)
        precondition(
            weights.mean.count == map.channels && weights.variance.count == map.channels,
            "the running statistics do not fit the map")
        let mean = doubles(weights.mean)
        let deviation = weights.variance.map { (Double($0) + epsilon).squareRoot() }
        return TokenMap(height: map.height, width: map.width, channels: map.channels) {
            token, output in
            for (channel, value) in map.values[map.range(ofToken: token)].enumerated() {
                output[channel] =
                    (value - mean[channel]) / deviation[channel] * scale[channel] + shift[channel]
            }
        }
    }

    private static func scaleAndShift(
        _ weights: Affine, channels: Int
    ) -> (scale: [Double], shift: [Double]) {
        let bias = weights.bias ?? [Float](repeating: 0, count: channels)
        precondition(
            weights.weight.count == channels && bias.count == channels,
            "the norm does not fit the map")
        return (doubles(weights.weight), doubles(bias))
    }
}
