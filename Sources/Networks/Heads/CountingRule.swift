import Graphs

/// What counts as a multiply-accumulate.
enum CountingRule {
    /// What the authors' script for segmenters and detectors prints: mmcv's counter of modules, to which the
    /// script adds the products inside attentions. Convolutions count with their bias, linear layers
    /// without; norms count two for each value, ReLU, pooling and upsampling layers one; deformable
    /// convolutions, GELU, interpolation by a function, and ReLU by one in the RPN count nothing.
    case script
    /// The products of matrices and of convolutions, those of deformable ones too, and nothing else.
    case products
}

/// Adds up by a rule.
struct MACCounter {
    let rule: CountingRule
    private(set) var macs = 0

    init(_ rule: CountingRule) { self.rule = rule }

    /// - Parameters:
    ///   - tokens: of the output.
    ///   - inputs: of a group's channel.
    mutating func convolution(
        _ tokens: Int, from inputs: Int, to outputs: Int, kernel: Int = 3, hasBias: Bool = true
    ) {
        macs += tokens * outputs * inputs * kernel * kernel
        if hasBias, rule == .script { macs += tokens * outputs }
    }

    mutating func linear(_ tokens: Int, from inputs: Int, to outputs: Int) {
        macs += tokens * inputs * outputs
    }

    /// A deformable convolution.
    mutating func deformable(_ tokens: Int, from inputs: Int, to outputs: Int, kernel: Int) {
        if rule == .products { macs += tokens * outputs * inputs * kernel * kernel }
    }

    /// Products that no module holds.
    mutating func products(_ count: Int) { macs += count }

    /// LayerNorm or BatchNorm.
    mutating func norm(_ values: Int) { if rule == .script { macs += 2 * values } }

    /// A module that does one operation a value.
    mutating func each(_ values: Int) { if rule == .script { macs += values } }

    /// Convolutions with ReLU on as many channels as they return.
    mutating func tower(_ tokens: Int, channels: Int, depth: Int) {
        for _ in 0..<depth {
            convolution(tokens, from: channels, to: channels)
            each(tokens * channels)
        }
    }
}

extension LITv2 {
    /// The parts of a backbone.
    func costs(_ rule: CountingRule) -> [Cost] {
        let all = parameters
        var embedding = MACCounter(rule)
        let (map, channels) = (map(ofStage: 0), stages[0].channels)
        embedding.convolution(map.count, from: 3, to: channels, kernel: LITv2.patch)
        embedding.norm(map.count * channels)
        let layers = stages.indices.map { index in
            Cost(
                part: "stage \(index + 1)", parameters: all.learned("layers.\(index)."),
                macs: macs(ofStage: index, rule))
        }
        var norms = MACCounter(rule)
        for stage in features?.stages ?? [] where features?.norm(ofStage: stage) != nil {
            norms.norm(self.map(ofStage: stage - 1).count * stages[stage - 1].channels)
        }
        return [
            Cost(
                part: "patch embedding", parameters: all.learned("patch_embed."),
                macs: embedding.macs)
        ] + layers + [Cost(part: "norms", parameters: all.learned("norm"), macs: norms.macs)]
    }

    private func macs(ofStage index: Int, _ rule: CountingRule) -> Int {
        let (stage, map) = (stages[index], map(ofStage: index))
        var counter = MACCounter(rule)
        for _ in 0..<stage.depth {
            if let attention = stage.attention {
                counter.norm(map.count * stage.channels)
                counter.attention(attention, channels: stage.channels, map)
            }
            counter.norm(map.count * stage.channels)
            counter.linear(map.count, from: stage.channels, to: stage.hidden)
            counter.convolution(map.count, from: 1, to: stage.hidden)
            counter.linear(map.count, from: stage.hidden, to: stage.channels)
        }
        guard index + 1 < stages.count else { return counter.macs }
        let tokens = self.map(ofStage: index + 1).count
        counter.convolution(tokens, from: stage.channels, to: 8, kernel: 2)
        counter.deformable(tokens, from: stage.channels, to: 2 * stage.channels, kernel: 2)
        counter.norm(tokens * 2 * stage.channels)
        return counter.macs
    }
}

extension MACCounter {
    /// Maps are rounded up to whole windows.
    fileprivate mutating func attention(
        _ attention: HiLoAttention, channels: Int, _ map: Resolution
    ) {
        let headDim = channels / attention.heads
        let (high, low) = (attention.hiFiHeads * headDim, attention.loFiHeads * headDim)
        let windows = map.dividedRoundingUp(by: attention.window).count
        let inWindow = attention.window * attention.window
        let tokens = windows * inWindow
        if high > 0 {
            linear(tokens, from: channels, to: 3 * high)
            products(2 * windows * inWindow * inWindow * high)
            linear(tokens, from: high, to: high)
        }
        if low > 0 {
            if attention.window > 1 { each(tokens * channels) }
            linear(tokens, from: channels, to: low)
            linear(windows, from: channels, to: 2 * low)
            products(2 * tokens * windows * low)
            linear(tokens, from: low, to: low)
        }
    }
}
