import Networks

/// A whole network, or a HiLo layer, in double precision: what generated code must agree with.
public struct ReferenceNetwork: Sendable {
    let network: Network
    let weights: ParameterReader

    /// - Parameter parameter: gives a tensor by its name in the authors' `state_dict`, in PyTorch's
    ///   order; an empty array stands for a tensor that is missing.
    public init(_ network: Network, parameter: @escaping @Sendable (String) -> [Float]) {
        self.network = network
        weights = ParameterReader(network: network.name, parameter: parameter)
    }

    /// Computes one image or one layer's tokens.
    ///
    /// - Parameters:
    ///   - input: `network.inputShape`: [3, height, width] of normalised pixels for a classifier,
    ///     [tokens, dim] for a layer.
    ///   - trace: gets each stage's index, from 0, and its map before token merging; a layer has
    ///     no stages.
    /// - Returns: the network's only output: logits, pooled features without a head, or tokens.
    /// - Throws: `ReferenceError` when the input or a tensor has another size, or the network
    ///   returns feature maps.
    public func run(
        _ input: [Float], trace: (_ stage: Int, _ map: TokenMap) -> Void = { _, _ in }
    ) throws -> [Double] {
        let expected = network.inputShape
        guard input.count == expected.reduce(1, *) else {
            throw ReferenceError(
                "\(network.name): the input has \(input.count) values; expected "
                    + "\(expected.reduce(1, *)), the shape \(expected)")
        }
        guard network.features == nil else {
            throw ReferenceError("\(network.name): returns feature maps; use outputs(_:)")
        }
        switch network {
        case .litv2(let model): return try classify(model, input, trace)
        case .hilo(let layer): return try attend(layer, input)
        }
    }

    /// Computes all outputs of one image or one layer's tokens.
    ///
    /// - Returns: values of `network.outputShapes`.
    /// - Throws: as `run`.
    public func outputs(_ input: [Float]) throws -> [[Double]] {
        guard let features = network.features else { return [try run(input)] }
        let (height, width) = (network.resolution.height, network.resolution.width)
        return try featureMaps(input, height: height, width: width, stages: features.stages).map {
            features.layout == .planes ? $0.planes : $0.values
        }
    }

    /// The pyramid of a dense-prediction backbone, for an image of any size.
    ///
    /// The weights must hold `norm1`, `norm2`, … for the stages from the second on; the first
    /// stage's map has no norm. The network's own resolution, final norm and head play no part.
    ///
    /// - Parameters:
    ///   - input: [3, `height`, `width`] of normalised pixels.
    ///   - stages: whose maps are returned, 1-based; nil is all.
    /// - Returns: the stages' maps before their token merging, channels last.
    /// - Throws: `ReferenceError` when the network is a layer, the image too small for the stages,
    ///   or the input or a tensor has another size.
    public func featureMaps(
        _ input: [Float], height: Int, width: Int, stages: [Int]? = nil
    ) throws -> [TokenMap] {
        guard case .litv2(let model) = network else {
            throw ReferenceError("\(network.name): a layer on its own has no feature maps")
        }
        guard height > 0, width > 0, input.count == 3 * height * width else {
            throw ReferenceError(
                "\(network.name): the input has \(input.count) values; expected "
                    + "3x\(height)x\(width)")
        }
        var maps: [TokenMap] = []
        let image = TokenMap(planes: input, height: height, width: width, channels: 3)
        try runStages(model, image) { stage, map in maps.append(map) }
        return try (stages ?? Array(1...maps.count)).map { stage in
            let map = maps[stage - 1]
            guard let norm = FeatureMaps.norm(ofStage: stage) else { return map }
            return Operators.layerNorm(
                map, try weights.affine(norm, outputs: map.channels))
        }
    }

    private func attend(_ layer: HiLo, _ input: [Float]) throws -> [Double] {
        let map = TokenMap(
            height: layer.map.height, width: layer.map.width, channels: layer.dim,
            values: Operators.doubles(input))
        let parameters = try weights.hiLo("", layer.attention, channels: layer.dim)
        return Operators.hiLo(map, layer.attention, parameters).values
    }

    private func classify(
        _ model: LITv2, _ input: [Float], _ trace: (Int, TokenMap) -> Void
    ) throws -> [Double] {
        let image = TokenMap(
            planes: input, height: model.resolution.height, width: model.resolution.width,
            channels: 3)
        let map = try runStages(model, image, trace)
        let norm = try weights.affine("norm", outputs: map.channels)
        let features = Operators.pooledMean(Operators.layerNorm(map, norm))
        guard model.classes > 0 else { return features }
        let head = try weights.affine("head", fanIn: map.channels, outputs: model.classes)
        let pooled = TokenMap(height: 1, width: 1, channels: map.channels, values: features)
        return Operators.linear(pooled, head).values
    }
}

extension ReferenceNetwork {
    /// Patch embedding and all stages; `trace` gets each stage's map before its token merging.
    ///
    /// - Returns: the last stage's map.
    @discardableResult
    private func runStages(
        _ model: LITv2, _ image: TokenMap, _ trace: (Int, TokenMap) -> Void
    ) throws -> TokenMap {
        let channels = model.stages[0].channels
        var map = Operators.patchEmbedding(
            image, side: LITv2.patch,
            projection: try weights.affine(
                "patch_embed.proj", fanIn: 3 * LITv2.patch * LITv2.patch, outputs: channels),
            norm: try weights.affine("patch_embed.norm", outputs: channels))
        for (index, stage) in model.stages.enumerated() {
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
