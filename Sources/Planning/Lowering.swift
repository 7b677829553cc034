import Networks

extension Graph {
    /// Lowers a network to operators (LITv2, arXiv 2205.13213, and the authors' code).
    public init(_ network: Network) {
        switch network {
        case .litv2(let network): self.init(lowering: network)
        case .hilo(let layer):
            self.init(input: Tensor(map: layer.map, channels: layer.dim))
            returns(attention(Graph.input, layer.attention, prefix: ""))
        }
    }

    private init(lowering network: LITv2) {
        self.init(input: Tensor(map: network.resolution, channels: 3))
        var x = embedding(network)
        for (index, stage) in network.stages.prefix(network.lastStage).enumerated() {
            for block in 0..<stage.depth {
                x = self.block(x, stage, prefix: "layers.\(index).blocks.\(block).")
            }
            if let features = network.features, features.stages.contains(index + 1) {
                returns(featureMap(x, ofStage: index + 1, features.layout))
            }
            if index + 1 < network.lastStage {
                x = tokenMerging(x, prefix: "layers.\(index).downsample.")
            }
        }
        if network.features == nil { returns(head(x, classes: network.classes)) }
    }

    private mutating func head(_ map: Int, classes: Int) -> Int {
        let x = add(.layerNorm(parameter: "norm"), [map], label: "norm")
        let pooled = add(.meanPool, [x], map: Resolution(height: 1, width: 1), label: "mean")
        guard classes > 0 else { return pooled }
        return linear(
            pooled, LinearSource("head", from: tensors[pooled].channels, to: classes))
    }

    private mutating func featureMap(
        _ x: Int, ofStage stage: Int, _ layout: FeatureLayout
    ) -> Int {
        let norm = FeatureMaps.norm(ofStage: stage)
        return add(.featureMap(norm: norm, layout: layout), [x], label: norm ?? "stage\(stage)")
    }

    private mutating func linear(_ x: Int, _ source: LinearSource) -> Int {
        add(.linear(source), [x], channels: source.outputs, label: source.parameter)
    }

    private mutating func embedding(_ network: LITv2) -> Int {
        let side = LITv2.patch
        let patches = add(
            .patches(side: side), [Graph.input], map: network.map(ofStage: 0),
            channels: 3 * side * side, label: "patches")
        let x = linear(
            patches,
            LinearSource(
                "patch_embed.proj", from: 3 * side * side, to: network.stages[0].channels))
        return add(.layerNorm(parameter: "patch_embed.norm"), [x], label: "patch_embed.norm")
    }

    private mutating func block(_ input: Int, _ stage: LITv2.Stage, prefix: String) -> Int {
        var x = input
        if let heads = stage.attention {
            let name = prefix + "norm1"
            let normalised = add(.layerNorm(parameter: name), [x], label: name)
            let attended = attention(normalised, heads, prefix: prefix + "attn.")
            x = add(.add, [x, attended], label: prefix + "attn")
        }
        let name = prefix + "norm2"
        let normalised = add(.layerNorm(parameter: name), [x], label: name)
        let hidden = convFFN(normalised, stage, prefix: prefix + "mlp.")
        return add(.add, [x, hidden], label: prefix + "mlp")
    }

    private mutating func convFFN(_ x: Int, _ stage: LITv2.Stage, prefix: String) -> Int {
        let hidden = linear(
            x, LinearSource(prefix + "fc1", from: stage.channels, to: stage.hidden))
        let name = prefix + "dwconv.dwconv"
        let mixed = add(.depthwise(parameter: name), [hidden], label: name)
        let active = add(.gelu, [mixed], label: prefix + "act")
        return linear(
            active, LinearSource(prefix + "fc2", from: stage.hidden, to: stage.channels))
    }

    /// Hi-Fi heads come first along the channels, then Lo-Fi.
    private mutating func attention(_ x: Int, _ heads: HiLoAttention, prefix: String) -> Int {
        let branches =
            (heads.hiFiHeads > 0 ? [hiFi(x, heads, prefix: prefix)] : [])
            + (heads.loFiHeads > 0 ? [loFi(x, heads, prefix: prefix)] : [])
        let projections = branches.map { branch in
            let channels = tensors[branch.output].channels
            return linear(
                branch.output, LinearSource(branch.projection, from: channels, to: channels))
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
            LinearSource(
                prefix + "h_qkv", from: tensors[x].channels, to: 3 * channels,
                hasBias: heads.qkvBias, scaledRows: channels, scale: heads.scale(headDim: headDim)))
        let attended = add(
            .windowAttention(heads: heads.hiFiHeads, headDim: headDim, window: heads.window),
            [qkv], channels: channels, label: prefix + "hifi")
        return (attended, prefix + "h_proj")
    }

    private mutating func loFi(_ x: Int, _ heads: HiLoAttention, prefix: String) -> Branch {
        let dim = tensors[x].channels
        let headDim = dim / heads.heads
        let channels = heads.loFiHeads * headDim
        let q = linear(
            x,
            LinearSource(
                prefix + "l_q", from: dim, to: channels, hasBias: heads.qkvBias,
                scaledRows: channels, scale: heads.scale(headDim: headDim)))
        var pooled = x
        if heads.window > 1 {
            pooled = add(
                .averagePool(window: heads.window), [x],
                map: tensors[x].map.dividedRoundingUp(by: heads.window), label: prefix + "pool")
        }
        let kv = linear(
            pooled,
            LinearSource(prefix + "l_kv", from: dim, to: 2 * channels, hasBias: heads.qkvBias))
        let attended = add(
            .globalAttention(heads: heads.loFiHeads, headDim: headDim), [q, kv],
            channels: channels, label: prefix + "lofi")
        return (attended, prefix + "l_proj")
    }

    private mutating func tokenMerging(_ x: Int, prefix: String) -> Int {
        let channels = tensors[x].channels
        let samples = add(
            .deformableSamples(parameter: prefix + "dconv.conv_offset"), [x],
            map: tensors[x].map.divided(by: 2), channels: 4 * channels, label: prefix + "samples")
        let merged = linear(
            samples,
            LinearSource(
                prefix + "dconv", from: 4 * channels, to: 2 * channels, order: .points(4)))
        let normalised = add(
            .batchNorm(parameter: prefix + "norm_layer"), [merged], label: prefix + "norm_layer")
        return add(.gelu, [normalised], label: prefix + "act")
    }
}

extension LITv2 {
    /// How many stages are computed: a backbone stops behind the last map that it returns.
    fileprivate var lastStage: Int { features?.stages.last ?? stages.count }
}
