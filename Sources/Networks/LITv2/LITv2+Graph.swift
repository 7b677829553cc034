import Graphs

extension LITv2 {
    /// The network as operations (LITv2, arXiv 2205.13213, and the authors' code).
    public var graph: Graph {
        var graph = Graph(input: Tensor(map: resolution, channels: 3))
        let x = graph.stages(of: self) { graph, x, stage in
            if let features, features.stages.contains(stage) {
                graph.returns(graph.featureMap(x, ofStage: stage, features))
            }
        }
        if features == nil { graph.returns(graph.head(x, classes: classes)) }
        return graph
    }

    /// How many stages are computed: a backbone stops behind the last map that it returns.
    fileprivate var lastStage: Int { features?.stages.last ?? stages.count }
}

extension Graph {
    /// Adds the stages of a network whose parameters' names begin with `prefix`.
    ///
    /// - Parameter visit: gets each stage's map, before its token merging, and its number, from 1.
    /// - Returns: the last stage's map.
    fileprivate mutating func stages(
        of network: LITv2, prefix: String = "",
        _ visit: (_ graph: inout Graph, _ map: Int, _ stage: Int) -> Void
    ) -> Int {
        var x = embedding(network, prefix: prefix + "patch_embed.")
        let count = network.lastStage
        for (index, stage) in network.stages.prefix(count).enumerated() {
            let layer = prefix + "layers.\(index)."
            for block in 0..<stage.depth {
                x = self.block(x, stage, prefix: layer + "blocks.\(block).")
            }
            visit(&self, x, index + 1)
            if index + 1 < count { x = tokenMerging(x, prefix: layer + "downsample.") }
        }
        return x
    }

    /// Adds a backbone.
    ///
    /// - Returns: the maps of `network.features`, through their norms, as tokens.
    mutating func maps(of network: LITv2, prefix: String) -> [Int] {
        var maps: [Int] = []
        _ = stages(of: network, prefix: prefix) { graph, x, stage in
            guard let features = network.features, features.stages.contains(stage) else { return }
            maps.append(
                features.norm(ofStage: stage).map { graph.layerNorm(x, prefix + $0) } ?? x)
        }
        return maps
    }

    private mutating func embedding(_ network: LITv2, prefix: String) -> Int {
        let side = LITv2.patch
        let patches = add(
            .patches(side: side), [Graph.input], map: network.map(ofStage: 0),
            channels: 3 * side * side, label: "patches")
        let x = linear(
            patches, Linear(prefix + "proj", from: 3 * side * side, to: network.stages[0].channels))
        return layerNorm(x, prefix + "norm")
    }

    private mutating func block(_ input: Int, _ stage: LITv2.Stage, prefix: String) -> Int {
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

    private mutating func tokenMerging(_ x: Int, prefix: String) -> Int {
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
