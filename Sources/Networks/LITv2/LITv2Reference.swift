import Reference

/// A LITv2 in double precision, operator by operator as the authors' code reads.
public struct LITv2Reference: Sendable {
    private let network: LITv2
    private let weights: ParameterReader

    public init(_ network: LITv2, _ weights: ParameterReader) {
        self.network = network
        self.weights = weights
    }

    /// Computes one image of a classifier.
    ///
    /// - Parameters:
    ///   - input: [3, height, width] of normalised pixels.
    ///   - trace: gets each stage's index, from 0, and its map before token merging.
    /// - Returns: logits, or pooled features without a head.
    /// - Throws: `ReferenceError` when a tensor has another size.
    public func run(
        _ input: [Float], trace: (_ stage: Int, _ map: TokenMap) -> Void = { _, _ in }
    ) throws -> [Double] {
        let (height, width) = (network.resolution.height, network.resolution.width)
        let image = TokenMap(planes: input, height: height, width: width, channels: 3)
        let map = try runStages(image, trace)
        let norm = try weights.affine("norm", outputs: map.channels)
        let features = Operators.pooledMean(Operators.layerNorm(map, norm))
        guard network.classes > 0 else { return features }
        let head = try weights.affine("head", fanIn: map.channels, outputs: network.classes)
        let pooled = TokenMap(height: 1, width: 1, channels: map.channels, values: features)
        return Operators.linear(pooled, head).values
    }

    /// The pyramid of a dense-prediction backbone, for an image of any size.
    ///
    /// The weights must hold `norm1`, `norm2`, … for the stages from the second on, and `norm0` where
    /// the network normalises the first stage's map too. The network's own resolution, final norm and
    /// head play no part.
    ///
    /// - Parameters:
    ///   - input: [3, `height`, `width`] of normalised pixels.
    ///   - stages: whose maps are returned, 1-based; nil is all.
    /// - Returns: the stages' maps before their token merging, channels last.
    /// - Throws: `ReferenceError` when the image is too small for the stages, or the input or a tensor
    ///   has another size.
    public func featureMaps(
        _ input: [Float], height: Int, width: Int, stages: [Int]? = nil
    ) throws -> [TokenMap] {
        guard height > 0, width > 0, input.count == 3 * height * width else {
            throw ReferenceError(
                "\(network.name): the input has \(input.count) values; expected "
                    + "3x\(height)x\(width)")
        }
        var maps: [TokenMap] = []
        let image = TokenMap(planes: input, height: height, width: width, channels: 3)
        try runStages(image) { stage, map in maps.append(map) }
        return try (stages ?? Array(1...maps.count)).map { stage in
            let map = maps[stage - 1]
            guard stage > 1 || network.features?.normalisesFirst == true else { return map }
            return Operators.layerNorm(
                map, try weights.affine("norm\(stage - 1)", outputs: map.channels))
        }
    }
}

extension LITv2Reference {
    /// Patch embedding and all stages; `trace` gets each stage's map before its token merging.
    ///
    /// - Returns: the last stage's map.
    @discardableResult
    private func runStages(
        _ image: TokenMap, _ trace: (Int, TokenMap) -> Void
    ) throws -> TokenMap {
        let channels = network.stages[0].channels
        var map = Operators.patchEmbedding(
            image, side: LITv2.patch,
            projection: try weights.affine(
                "patch_embed.proj", fanIn: 3 * LITv2.patch * LITv2.patch, outputs: channels),
            norm: try weights.affine("patch_embed.norm", outputs: channels))
        for (index, stage) in network.stages.enumerated() {
            if index > 0 { map = try merge(map, afterStage: index - 1) }
            for block in 0..<stage.depth {
                map = try runBlock(map, stage, "layers.\(index).blocks.\(block).")
            }
            trace(index, map)
        }
        return map
    }

    private func runBlock(
        _ input: TokenMap, _ stage: LITv2.Stage, _ prefix: String
    ) throws -> TokenMap {
        var map = input
        if let layer = stage.attention {
            let norm = try weights.affine(prefix + "norm1", outputs: map.channels)
            let parameters = try weights.hiLo(prefix + "attn.", layer, channels: map.channels)
            map = map + Operators.hiLo(Operators.layerNorm(map, norm), layer, parameters)
        }
        let norm = try weights.affine(prefix + "norm2", outputs: map.channels)
        let ffn = try weights.convFFN(
            prefix + "mlp.", channels: map.channels, hidden: stage.hidden)
        return map + Operators.convFFN(Operators.layerNorm(map, norm), ffn)
    }

    private func merge(_ map: TokenMap, afterStage index: Int) throws -> TokenMap {
        guard map.height >= 2, map.width >= 2 else {
            throw ReferenceError(
                "\(network.name): the image leaves stage \(index + 1) a map of "
                    + "\(map.height)x\(map.width) tokens, which cannot be halved; "
                    + "use a larger image")
        }
        let parameters = try weights.tokenMerging(
            "layers.\(index).downsample.", channels: map.channels)
        return Operators.tokenMerging(map, parameters)
    }
}
