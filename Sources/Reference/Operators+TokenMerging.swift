extension Operators {
    /// Deformable token merging: halves the map (odd sides round down) and changes the channels.
    ///
    /// A 2×2 convolution of stride 2 gives the offsets, a deformable 2×2 convolution of stride 2
    /// samples at them; BatchNorm and GELU follow.
    public static func tokenMerging(_ map: TokenMap, _ weights: TokenMergingWeights) -> TokenMap {
        let offsets = patchConvolution(map, side: 2, weights.offset)
        let merged = linear(deformableSampling(map, offsets: offsets), weights.convolution)
        return gelu(batchNorm(merged, weights.norm))
    }

    /// The four samples of a deformable 2×2 convolution of stride 2 (DCN v1: one group, no mask).
    ///
    /// - Parameter offsets: half the map's sides rounded down; channels 2k and 2k + 1 are dy and
    ///   dx of kernel point k in row-major order.
    /// - Returns: at every output token `4 · channels` values in the order of a convolution's
    ///   weight: channel, kernel point.
    public static func deformableSampling(_ map: TokenMap, offsets: TokenMap) -> TokenMap {
        let (height, width) = (map.height / 2, map.width / 2)
        precondition(
            offsets.height == height && offsets.width == width && offsets.channels == 8,
            "the offsets do not fit the map")
        return TokenMap(height: height, width: width, channels: 4 * map.channels) {
            token, output in
            let (row, column) = token.quotientAndRemainder(dividingBy: width)
            for point in 0..<4 {
                let y = Double(2 * row + point / 2) + offsets[row, column, 2 * point]
                let x = Double(2 * column + point % 2) + offsets[row, column, 2 * point + 1]
                for channel in 0..<map.channels {
                    output[4 * channel + point] = bilinear(map, y: y, x: x, channel: channel)
                }
            }
        }
    }

    /// The map at a real position as `torchvision.ops.deform_conv2d` reads it: 0 from one step
    /// outside on, and between a border and that step the neighbours outside count as 0.
    static func bilinear(_ map: TokenMap, y: Double, x: Double, channel: Int) -> Double {
        if y <= -1 || y >= Double(map.height) || x <= -1 || x >= Double(map.width) { return 0 }
        // A NaN is neither inside nor outside; as in torchvision the sample becomes NaN too.
        if y.isNaN || x.isNaN { return .nan }
        let (top, left) = (Int(y.rounded(.down)), Int(x.rounded(.down)))
        let (below, right) = (y - Double(top), x - Double(left))
        func corner(_ row: Int, _ column: Int) -> Double {
            guard row >= 0, row < map.height, column >= 0, column < map.width else { return 0 }
            return map[row, column, channel]
        }
        return (1 - below) * ((1 - right) * corner(top, left) + right * corner(top, left + 1))
            + below * ((1 - right) * corner(top + 1, left) + right * corner(top + 1, left + 1))
    }
}
