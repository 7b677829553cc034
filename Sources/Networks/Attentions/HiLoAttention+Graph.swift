import Graphs

extension Graph {
    /// HiLo attention on `x`; Hi-Fi heads come first along the channels, then Lo-Fi.
    mutating func hiLo(_ x: Int, _ heads: HiLoAttention, prefix: String) -> Int {
        let branches =
            (heads.hiFiHeads > 0 ? [hiFi(x, heads, prefix: prefix)] : [])
            + (heads.loFiHeads > 0 ? [loFi(x, heads, prefix: prefix)] : [])
        let projections = branches.map { branch in
            let channels = tensors[branch.output].channels
            return linear(branch.output, Linear(branch.projection, from: channels, to: channels))
        }
        guard projections.count > 1 else { return projections[0] }
        return add(
            .concatenate, projections, channels: tensors[x].channels, label: prefix + "concat")
    }

    private typealias Branch = (output: Int, projection: String)

    private mutating func hiFi(_ x: Int, _ heads: HiLoAttention, prefix: String) -> Branch {
        let headDim = tensors[x].channels / heads.heads
        let channels = heads.hiFiHeads * headDim
        let qkv = linear(
            x,
            Linear(
                prefix + "h_qkv", from: tensors[x].channels, to: 3 * channels,
                hasBias: heads.qkvBias))
        let attended = add(
            .windowAttention(
                Heads(heads.hiFiHeads, dim: headDim), Windows(side: heads.window),
                scale: heads.scale(headDim: headDim)),
            [qkv], channels: channels, label: prefix + "hifi")
        return (attended, prefix + "h_proj")
    }

    private mutating func loFi(_ x: Int, _ heads: HiLoAttention, prefix: String) -> Branch {
        let dim = tensors[x].channels
        let headDim = dim / heads.heads
        let channels = heads.loFiHeads * headDim
        let q = linear(
            x, Linear(prefix + "l_q", from: dim, to: channels, hasBias: heads.qkvBias))
        var pooled = x
        if heads.window > 1 {
            pooled = add(
                .averagePool(window: heads.window), [x],
                map: tensors[x].map.dividedRoundingUp(by: heads.window), label: prefix + "pool")
        }
        let kv = linear(
            pooled,
            Linear(prefix + "l_kv", from: dim, to: 2 * channels, hasBias: heads.qkvBias))
        let attended = add(
            .globalAttention(
                Heads(heads.loFiHeads, dim: headDim), scale: heads.scale(headDim: headDim)),
            [q, kv], channels: channels, label: prefix + "lofi")
        return (attended, prefix + "l_proj")
    }
}
