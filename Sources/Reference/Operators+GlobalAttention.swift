extension Operators {
    /// Multi-head self-attention (MSA): every token attends to every token.
    ///
    /// As in all attentions of a layer, a score is q·kᵀ over the root of the head's channels.
    public static func selfAttention(
        _ map: TokenMap, heads: Int, _ weights: SelfAttentionWeights
    ) -> TokenMap {
        let (queries, keys, values) = thirds(linear(map, weights.qkv))
        let mixed = attention(
            queries: queries, keys: keys, values: values, heads: heads,
            scale: scale(channels: map.channels, heads: heads))
        return linear(mixed, weights.projection)
    }

    /// Spatial-reduction attention (SRA, Pyramid Vision Transformer, arXiv 2102.12122): every token
    /// attends to a smaller map.
    ///
    /// A convolution of side and stride `ratio`, which drops what is left over at the right and the
    /// bottom, and LayerNorm make that map; `ratio` 1 leaves it as it is.
    public static func spatialReductionAttention(
        _ map: TokenMap, heads: Int, ratio: Int, _ weights: SpatialReductionWeights
    ) -> TokenMap {
        precondition(
            (ratio > 1) == (weights.reduction != nil), "only a ratio above 1 has a convolution")
        precondition(map.height >= ratio && map.width >= ratio, "nothing is left of the map")
        let reduced = weights.reduction.map {
            layerNorm(patchConvolution(map, side: ratio, $0.convolution), $0.norm)
        }
        return attention(
            from: map, to: reduced ?? map, heads: heads,
            scale: scale(channels: map.channels, heads: heads),
            query: weights.query, keyValue: weights.keyValue, projection: weights.projection)
    }

    static func scale(channels: Int, heads: Int) -> Double {
        1 / Double(channels / heads).squareRoot()
    }
}
