import Foundation

extension Operators {
    /// softmax(`scale` · q·kᵀ + `bias`)·v of one head: every query attends to every key.
    ///
    /// - Parameter bias: what is added to a score, by the tokens' indices.
    /// - Returns: a map of the queries' shape with the values' channels.
    public static func attention(
        queries: TokenMap, keys: TokenMap, values: TokenMap, scale: Double,
        bias: @Sendable (_ query: Int, _ key: Int) -> Double = { _, _ in 0 }
    ) -> TokenMap {
        precondition(
            queries.channels == keys.channels && keys.count == values.count,
            "queries, keys and values do not fit each other")
        return TokenMap(height: queries.height, width: queries.width, channels: values.channels) {
            token, output in
            let query = queries.values[queries.range(ofToken: token)]
            let weights = softmax(
                (0..<keys.count).map { key in
                    scale * dot(query, keys.values[keys.range(ofToken: key)]) + bias(token, key)
                })
            for (key, weight) in weights.enumerated() {
                for (channel, value) in values.values[values.range(ofToken: key)].enumerated() {
                    output[channel] += weight * value
                }
            }
        }
    }

    /// `attention` of every head by itself; heads lie one after the other in the channels.
    static func attention(
        queries: TokenMap, keys: TokenMap, values: TokenMap, heads: Int, scale: Double,
        bias: @Sendable (_ head: Int, _ query: Int, _ key: Int) -> Double = { _, _, _ in 0 }
    ) -> TokenMap {
        let headDim = queries.channels / heads
        var output = TokenMap(
            height: queries.height, width: queries.width, channels: queries.channels)
        for head in 0..<heads {
            let channels = head * headDim..<(head + 1) * headDim
            let part = attention(
                queries: queries.slice(channels: channels), keys: keys.slice(channels: channels),
                values: values.slice(channels: channels), scale: scale
            ) { query, key in bias(head, query, key) }
            output.paste(part, channel: channels.lowerBound)
        }
        return output
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
                let (queries, keys, values) = thirds(square)
                let part = attention(
                    queries: queries, keys: keys, values: values, heads: heads, scale: scale)
                mixed.paste(part, row: top, column: left)
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
        let mixed = attention(
            queries: queries, keys: keyValue.slice(channels: 0..<dim),
            values: keyValue.slice(channels: dim..<2 * dim), heads: heads, scale: scale)
        return linear(mixed, weights.projection)
    }

    /// Queries, keys and values, which lie one after the other in the channels.
    static func thirds(
        _ map: TokenMap
    ) -> (queries: TokenMap, keys: TokenMap, values: TokenMap) {
        let dim = map.channels / 3
        return (
            map.slice(channels: 0..<dim), map.slice(channels: dim..<2 * dim),
            map.slice(channels: 2 * dim..<3 * dim)
        )
    }
}
