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
        _ map: TokenMap, heads: Int, window: Int, scale: Double, _ weights: SelfAttentionWeights
    ) -> TokenMap {
        precondition(map.height % window == 0 && map.width % window == 0, "pad before windows")
        let mixed = attentionInWindows(
            linear(map, weights.qkv), heads: heads, window: window, scale: scale)
        return linear(mixed, weights.projection)
    }

    /// Lo-Fi attention: every token attends to the map pooled by `window`.
    ///
    /// - Precondition: `window` divides the map.
    public static func loFiAttention(
        _ map: TokenMap, heads: Int, window: Int, scale: Double, _ weights: LoFiWeights
    ) -> TokenMap {
        attention(
            from: map, to: averagePool(map, side: window), heads: heads, scale: scale,
            query: weights.query, keyValue: weights.keyValue, projection: weights.projection)
    }

    /// Every token of `map` attends to every token of `other`, with the linear operators before and
    /// behind it; keys and values lie one after the other in the channels.
    static func attention(
        from map: TokenMap, to other: TokenMap, heads: Int, scale: Double,
        query: Affine, keyValue: Affine, projection: Affine
    ) -> TokenMap {
        let queries = linear(map, query)
        let keysAndValues = linear(other, keyValue)
        let dim = queries.channels
        let mixed = attention(
            queries: queries, keys: keysAndValues.slice(channels: 0..<dim),
            values: keysAndValues.slice(channels: dim..<2 * dim), heads: heads, scale: scale)
        return linear(mixed, projection)
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
