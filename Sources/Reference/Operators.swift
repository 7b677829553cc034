import Foundation

/// The operators of LITv2 (arXiv 2205.13213), and the attentions it is compared with, in double
/// precision, each as its formula reads.
///
/// They are the yardstick of the generated code and share nothing with its generator. Weights come
/// in PyTorch's order and single precision, as a checkpoint holds them. Shapes that do not fit are
/// programming errors and stop the program.
public enum Operators {
    /// Added to a variance before its root, in LayerNorm and BatchNorm.
    public static let epsilon = 1e-5
}

extension Operators {
    /// x·Φ(x), exactly: Φ(x) is erfc(-x/√2)/2, which keeps the digits of the left tail that
    /// (1 + erf(x/√2))/2 loses.
    public static func gelu(_ x: Double) -> Double {
        x * (0.5 * erfc(-x / 2.0.squareRoot()))
    }

    /// GELU of every value.
    public static func gelu(_ map: TokenMap) -> TokenMap {
        TokenMap(height: map.height, width: map.width, channels: map.channels) { token, output in
            let input = map.values[map.range(ofToken: token)]
            for (channel, value) in input.enumerated() { output[channel] = gelu(value) }
        }
    }

    /// The mean over all tokens, one value a channel.
    public static func pooledMean(_ map: TokenMap) -> [Double] {
        var sum = [Double](repeating: 0, count: map.channels)
        for token in 0..<map.count {
            for (channel, value) in map.values[map.range(ofToken: token)].enumerated() {
                sum[channel] += value
            }
        }
        return sum.map { $0 / Double(map.count) }
    }

    /// The mean of every `side`×`side` square of tokens; the squares do not overlap.
    ///
    /// - Precondition: `side` divides the map.
    public static func averagePool(_ map: TokenMap, side: Int) -> TokenMap {
        precondition(map.height % side == 0 && map.width % side == 0, "pad before pooling")
        let (height, width) = (map.height / side, map.width / side)
        return TokenMap(height: height, width: width, channels: map.channels) { token, output in
            let (top, left) = (token / width * side, token % width * side)
            for row in top..<top + side {
                for column in left..<left + side {
                    let source = map.range(ofToken: row * map.width + column)
                    for (channel, value) in map.values[source].enumerated() {
                        output[channel] += value / Double(side * side)
                    }
                }
            }
        }
    }
}
