import Graphs

extension LITv2 {
    /// The network as operations (LITv2, arXiv 2205.13213, and the authors' code).
    public var graph: Graph {
        var graph = Graph(input: Tensor(map: resolution, channels: 3))
        var x = graph.embedding(self)
        for (index, stage) in stages.prefix(lastStage).enumerated() {
            for block in 0..<stage.depth {
                x = graph.block(x, stage, prefix: "layers.\(index).blocks.\(block).")
            }
            if let features, features.stages.contains(index + 1) {
                graph.returns(graph.featureMap(x, ofStage: index + 1, features))
            }
            if index + 1 < lastStage {
                x = graph.tokenMerging(x, prefix: "layers.\(index).downsample.")
            }
        }
        if features == nil { graph.returns(graph.head(x, classes: classes)) }
        return graph
    }

    /// How many stages are computed: a backbone stops behind the last map that it returns.
    private var lastStage: Int { features?.stages.last ?? stages.count }
}

extension Graph {
    fileprivate mutating func embedding(_ network: LITv2) -> Int {
        let side = LITv2.patch
        let patches = add(
            .patches(side: side), [Graph.input], map: network.map(ofStage: 0),
            channels: 3 * side * side, label: "patches")
        let x = linear(
            patches,
            Linear("patch_embed.proj", from: 3 * side * side, to: network.stages[0].channels))
        return layerNorm(x, "patch_embed.norm")
    }

    fileprivate mutating func block(_ input: Int, _ stage: LITv2.Stage, prefix: String) -> Int {
        var x = input
        if let heads = stage.attention {
            let attended = hiLo(layerNorm(x, prefix + "norm1"), heads, prefix: prefix + "attn.")
            x = add(.add, [x, attended], label: prefix + "attn")
        }
        let hidden = convFFN(layerNorm(x, prefix + "norm2"), stage, prefix: prefix + "mlp.")
        return add(.add, [x, hidden], label: prefix + "mlp")
    }

    private mutating func convFFN(_ x: Int, _ stage: LITv2.Stage, prefix: String) -> Int {
        let hidden = linear(x, Linear(prefix + "fc1", from: stage.channels, to: stage.hidden))
        let name = prefix + "dwconv.dwconv"
        let mixed = add(.depthwise(parameter: name), [hidden], label: name)
        let active = add(.gelu, [mixed], label: prefix + "act")
        return linear(active, Linear(prefix + "fc2", from: stage.hidden, to: stage.channels))
    }

    fileprivate mutating func tokenMerging(_ x: Int, prefix: String) -> Int {
        let channels = tensors[x].channels
        let samples = add(
            .deformableSamples(parameter: prefix + "dconv.conv_offset"), [x],
            map: tensors[x].map.divided(by: 2), channels: 4 * channels, label: prefix + "samples")
        let merged = linear(
            samples,
            Linear(prefix + "dconv", from: 4 * channels, to: 2 * channels, order: .points(4)))
        let normalised = add(
            .batchNorm(parameter: prefix + "norm_layer"), [merged], label: prefix + "norm_layer")
        return add(.gelu, [normalised], label: prefix + "act")
    }

    fileprivate mutating func featureMap(
        _ x: Int, ofStage stage: Int, _ features: FeatureMaps
    ) -> Int {
        let norm = features.norm(ofStage: stage)
        return add(
            .featureMap(norm: norm, layout: features.layout), [x], label: norm ?? "stage\(stage)")
    }

    fileprivate mutating func head(_ map: Int, classes: Int) -> Int {
        let x = layerNorm(map, "norm")
        let pooled = add(.meanPool, [x], map: Resolution(height: 1, width: 1), label: "mean")
        guard classes > 0 else { return pooled }
        return linear(pooled, Linear("head", from: tensors[pooled].channels, to: classes))
    }
}
