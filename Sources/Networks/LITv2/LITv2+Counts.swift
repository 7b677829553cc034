extension LITv2 {
    /// The learned tensors in the order of the authors' `state_dict`.
    public var parameters: [Parameter] {
        let embedding =
            Parameter.convolution(
                "patch_embed.proj", from: 3, to: stages[0].channels, kernel: LITv2.patch)
            + Parameter.norm("patch_embed.norm", stages[0].channels)
        let layers = stages.indices.flatMap { parameters(ofStage: $0) }
        guard features == nil else { return embedding + layers + featureNorms }
        let channels = stages[stages.count - 1].channels
        let head = classes > 0 ? Parameter.linear("head", from: channels, to: classes) : []
        return embedding + layers + Parameter.norm("norm", channels) + head
    }

    private var featureNorms: [Parameter] {
        (features?.stages ?? []).flatMap { stage in
            features?.norm(ofStage: stage).map {
                Parameter.norm($0, stages[stage - 1].channels)
            } ?? []
        }
    }

    /// Parameters of stage `index` (0-based) with the token merging that follows it.
    private func parameters(ofStage index: Int) -> [Parameter] {
        let stage = stages[index]
        let blocks = (0..<stage.depth).flatMap { block -> [Parameter] in
            let prefix = "layers.\(index).blocks.\(block)."
            let attention = stage.attention.map {
                Parameter.norm(prefix + "norm1", stage.channels)
                    + $0.parameters(prefix + "attn.", channels: stage.channels)
            }
            return (attention ?? []) + Parameter.norm(prefix + "norm2", stage.channels)
                + convFFN(prefix + "mlp.", stage)
        }
        return blocks + (index + 1 < stages.count ? tokenMerging(index, stage.channels) : [])
    }

    private func convFFN(_ prefix: String, _ stage: Stage) -> [Parameter] {
        Parameter.linear(prefix + "fc1", from: stage.channels, to: stage.hidden)
            + Parameter.convolution(prefix + "dwconv.dwconv", from: 1, to: stage.hidden, kernel: 3)
            + Parameter.linear(prefix + "fc2", from: stage.hidden, to: stage.channels)
    }

    private func tokenMerging(_ index: Int, _ channels: Int) -> [Parameter] {
        let prefix = "layers.\(index).downsample."
        return Parameter.convolution(prefix + "dconv", from: channels, to: 2 * channels, kernel: 2)
            + Parameter.convolution(prefix + "dconv.conv_offset", from: channels, to: 8, kernel: 2)
            + Parameter.batchNorm(prefix + "norm_layer", 2 * channels)
    }
}

extension LITv2 {
    /// The rules are the authors': norms and convolution biases count, Linear biases do not, maps are
    /// rounded up to whole windows, token merging counts 12 offset channels although it has 8, and the
    /// final norm counts 8C over the embedding's map divided by 2^stages.
    public var costs: [Cost] {
        let all = parameters
        let tokens = map(ofStage: 0).count
        let channels = stages[0].channels
        let embedding = Cost(
            part: "patch embedding", parameters: all.learned("patch_embed."),
            macs: tokens * channels * (3 * LITv2.patch * LITv2.patch + 1))
        let layers = stages.indices.map { index in
            Cost(
                part: "stage \(index + 1)", parameters: all.learned("layers.\(index)."),
                macs: blockMACs(index) * stages[index].depth + mergingMACs(index))
        }
        return [embedding] + layers + [headCost]
    }

    /// Of the final norm and the classes, or of the norms of feature maps.
    private var headCost: Cost {
        if let features {
            let norms = features.stages.filter { features.norm(ofStage: $0) != nil }
            return Cost(
                part: "norms", parameters: featureNorms.reduce(0) { $0 + $1.count },
                macs: norms.reduce(0) {
                    $0 + stages[$1 - 1].channels * map(ofStage: $1 - 1).count
                })
        }
        let last = stages[stages.count - 1].channels
        return Cost(
            part: "head", parameters: 2 * last + (classes > 0 ? (last + 1) * classes : 0),
            macs: last * map(ofStage: 0).count / (1 << stages.count) + last * classes)
    }

    private func blockMACs(_ index: Int) -> Int {
        let stage = stages[index]
        let map = map(ofStage: index)
        let ffn =
            map.count * (stage.channels + 2 * stage.channels * stage.hidden + 10 * stage.hidden)
        guard let attention = stage.attention else { return ffn }
        return ffn + map.count * stage.channels
            + attention.macs(channels: stage.channels, map: map)
    }

    private func mergingMACs(_ index: Int) -> Int {
        guard index + 1 < stages.count else { return 0 }
        let channels = stages[index].channels
        let tokens = map(ofStage: index + 1).count
        let convolution = (4 * channels + 1) * 2 * channels
        let offsets = (4 * channels + 1) * 12
        return tokens * (convolution + offsets + 2 * channels)
    }
}
