import Reference

extension ParameterReader {
    /// Of a layer of `channels` under `prefix`.
    func hiLo(_ prefix: String, _ layer: HiLoAttention, channels: Int) throws -> HiLoWeights {
        let headDim = channels / layer.heads
        let (high, low) = (layer.hiFiHeads * headDim, layer.loFiHeads * headDim)
        let hiFi =
            try high == 0
            ? nil
            : SelfAttentionWeights(
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
}

extension Operators {
    /// HiLo attention on a map of any size: the Hi-Fi channels, then the Lo-Fi channels.
    ///
    /// Zeros fill the map at the bottom and the right up to whole windows. They take part as
    /// tokens, and the output is cropped.
    public static func hiLo(
        _ map: TokenMap, _ layer: HiLoAttention, _ weights: HiLoWeights
    ) -> TokenMap {
        let padded = map.padded(toMultipleOf: layer.window)
        let scale = layer.scale(headDim: map.channels / layer.heads)
        let high = weights.hiFi.map {
            hiFiAttention(
                padded, heads: layer.hiFiHeads, window: layer.window, scale: scale, $0)
        }
        let low = weights.loFi.map {
            loFiAttention(
                padded, heads: layer.loFiHeads, window: layer.window, scale: scale, $0)
        }
        let branches = [high, low].compactMap { $0 }
        precondition(
            branches.reduce(0) { $0 + $1.channels } == map.channels,
            "the branches' weights do not fill the channels")
        var output = TokenMap(
            height: padded.height, width: padded.width, channels: map.channels)
        var channel = 0
        for branch in branches {
            output.paste(branch, channel: channel)
            channel += branch.channels
        }
        return output.slice(rows: 0..<map.height, columns: 0..<map.width)
    }
}
