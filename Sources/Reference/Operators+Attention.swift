import Foundation

extension Operators {
    /// softmax(`scale` · q·kᵀ)·v of one head: every query attends to every key.
    ///
    /// - Returns: a map of the queries' shape with the values' channels.
    public static func attention(
        queries: TokenMap, keys: TokenMap, values: TokenMap, scale: Double
    ) -> TokenMap {
        precondition(
            queries.channels == keys.channels && keys.count == values.count,
            "queries, keys and values do not fit each other")
        return TokenMap(height: queries.height, width: queries.width, channels: values.channels) {
            token, output in
            let query = queries.values[queries.range(ofToken: token)]
            let weights = softmax(
                (0..<keys.count).map { key in
                    scale * dot(query, keys.values[keys.range(ofToken: key)])
                })
            for (key, weight) in weights.enumerated() {
                for (channel, value) in values.values[values.range(ofToken: key)].enumerated() {
                    output[channel] += weight * value
                }
            }
        }
    }

    /// exp(x) over the sum of all exp(x), shifted by the maximum so that nothing overflows.
    public static func softmax(_ scores: [Double]) -> [Double] {
        let maximum = scores.max() ?? 0
        let powers = scores.map { exp($0 - maximum) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    private static func dot(_ left: ArraySlice<Double>, _ right: ArraySlice<Double>) -> Double {
        zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// Hi-Fi attention: every head attends inside each of the `window`×`window` squares.
    ///
    /// - Precondition: `window` divides the map.
    public static func hiFiAttention(
        _ map: TokenMap, heads: Int, window: Int, scale: Double, _ weights: HiFiWeights
    ) -> TokenMap {
        precondition(map.height % window == 0 && map.width % window == 0, "pad before windows")
        let qkv = linear(map, weights.qkv)
        let dim = qkv.channels / 3
        var mixed = TokenMap(height: map.height, width: map.width, channels: dim)
        for top in stride(from: 0, to: map.height, by: window) {
            for left in stride(from: 0, to: map.width, by: window) {
                let square = qkv.slice(rows: top..<top + window, columns: left..<left + window)
                for channels in channelRanges(heads: heads, dim: dim) {
                    let head = attention(
                        queries: square.slice(channels: channels),
                        keys: square.slice(channels: shifted(channels, by: dim)),
                        values: square.slice(channels: shifted(channels, by: 2 * dim)),
                        scale: scale)
                    mixed.paste(head, row: top, column: left, channel: channels.lowerBound)
                }
            }
        }
        return linear(mixed, weights.projection)
    }

    /// Lo-Fi attention: every token attends to the map pooled by `window`.
    ///
    /// - Precondition: `window` divides the map.
    public static func loFiAttention(
        _ map: TokenMap, heads: Int, window: Int, scale: Double, _ weights: LoFiWeights
    ) -> TokenMap {
        let queries = linear(map, weights.query)
        let keyValue = linear(averagePool(map, side: window), weights.keyValue)
        let dim = queries.channels
        var mixed = TokenMap(height: map.height, width: map.width, channels: dim)
        for channels in channelRanges(heads: heads, dim: dim) {
            let head = attention(
                queries: queries.slice(channels: channels),
                keys: keyValue.slice(channels: channels),
                values: keyValue.slice(channels: shifted(channels, by: dim)), scale: scale)
            mixed.paste(head, channel: channels.lowerBound)
        }
        return linear(mixed, weights.projection)
    }

    /// The channels of each head: heads lie one after the other.
    private static func channelRanges(heads: Int, dim: Int) -> [Range<Int>] {
        let headDim = dim / heads
        return (0..<heads).map { $0 * headDim..<($0 + 1) * headDim }
    }

    private static func shifted(_ range: Range<Int>, by distance: Int) -> Range<Int> {
        range.lowerBound + distance..<range.upperBound + distance
    }
}
