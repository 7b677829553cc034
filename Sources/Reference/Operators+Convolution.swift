extension Operators {
    /// A convolution whose stride is its `side`, without padding; what is left over at the right
    /// and the bottom is dropped. The weight is out×in×side×side.
    public static func patchConvolution(
        _ map: TokenMap, side: Int, _ weights: Affine
    ) -> TokenMap {
        linear(patches(map, side: side), weights)
    }

    /// Patch embedding: zeros at the bottom and the right up to multiples of `side`, a convolution
    /// of `side` and stride `side`, then LayerNorm over the channels.
    ///
    /// - Parameter image: a map of pixels.
    public static func patchEmbedding(
        _ image: TokenMap, side: Int, projection: Affine, norm: Affine
    ) -> TokenMap {
        let padded = image.padded(toMultipleOf: side)
        return layerNorm(patchConvolution(padded, side: side, projection), norm)
    }

    /// Every `side`×`side` square of tokens as one token, in the order of a convolution's weight:
    /// channel, row, column.
    private static func patches(_ map: TokenMap, side: Int) -> TokenMap {
        let (height, width) = (map.height / side, map.width / side)
        return TokenMap(height: height, width: width, channels: map.channels * side * side) {
            token, output in
            let (top, left) = (token / width * side, token % width * side)
            for index in output.indices {
                let (channel, point) = index.quotientAndRemainder(dividingBy: side * side)
                output[index] = map[top + point / side, left + point % side, channel]
            }
        }
    }

    /// Depthwise 3×3 convolution with stride 1 and a border of one zero; the weight is
    /// channels×1×3×3.
    public static func depthwise3x3(_ map: TokenMap, _ weights: Affine) -> TokenMap {
        let channels = map.channels
        precondition(weights.weight.count == 9 * channels, "the weight does not fit the map")
        let points = transposed(weights.weight, rows: channels, columns: 9)
        let bias = doubles(weights.bias ?? [Float](repeating: 0, count: channels))
        precondition(bias.count == channels, "the bias does not fit the map")
        return TokenMap(height: map.height, width: map.width, channels: channels) {
            token, output in
            for channel in 0..<channels { output[channel] = bias[channel] }
            let (row, column) = token.quotientAndRemainder(dividingBy: map.width)
            for point in 0..<9 {
                let (y, x) = (row + point / 3 - 1, column + point % 3 - 1)
                guard y >= 0, y < map.height, x >= 0, x < map.width else { continue }
                let source = map.range(ofToken: y * map.width + x).lowerBound
                let weight = points.range(ofToken: point).lowerBound
                for channel in 0..<channels {
                    output[channel] +=
                        map.values[source + channel] * points.values[weight + channel]
                }
            }
        }
    }

    /// ConvFFN: Linear, depthwise 3×3 convolution over the map, GELU, Linear.
    public static func convFFN(_ map: TokenMap, _ weights: ConvFFNWeights) -> TokenMap {
        let hidden = depthwise3x3(linear(map, weights.expand), weights.depthwise)
        return linear(gelu(hidden), weights.contract)
    }
}
