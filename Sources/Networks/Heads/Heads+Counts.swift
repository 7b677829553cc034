import Graphs

extension HeadNetwork {
    /// Of the pyramid on the backbone's maps, and of `extra` levels behind the backbone's.
    fileprivate func pyramidCost(_ rule: CountingRule, extra: [PyramidLevel] = []) -> Cost {
        var counter = MACCounter(rule)
        for stage in pyramidStages {
            let tokens = backbone.map(ofStage: stage).count
            counter.convolution(
                tokens, from: backbone.stages[stage].channels, to: channels, kernel: 1)
            counter.convolution(tokens, from: channels, to: channels)
        }
        var inputs = backbone.stages[backbone.stages.count - 1].channels
        for level in extra {
            counter.convolution(level.map.count, from: inputs, to: channels)
            inputs = channels
        }
        return cost("pyramid", "neck.", counter)
    }

    fileprivate func cost(_ part: String, _ prefix: String, _ counter: MACCounter) -> Cost {
        Cost(part: part, parameters: headParameters.learned(prefix), macs: counter.macs)
    }
}

extension RetinaNet {
    func headCosts(_ rule: CountingRule) -> [Cost] {
        let tokens = levels.tokens
        let all = headParameters
        func head(_ part: String, tower: String, _ name: String, outputs: Int) -> Cost {
            var counter = MACCounter(rule)
            counter.tower(tokens, channels: channels, depth: depth)
            counter.convolution(tokens, from: channels, to: outputs)
            let parameters = ["bbox_head.\(tower).", "bbox_head.\(name)."].map(all.learned)
            return Cost(part: part, parameters: parameters.reduce(0, +), macs: counter.macs)
        }
        return [
            pyramidCost(rule, extra: Array(levels.suffix(Self.extraLevels))),
            head("classes", tower: "cls_convs", "retina_cls", outputs: Self.anchors * classes),
            head("boxes", tower: "reg_convs", "retina_reg", outputs: Self.anchors * 4),
        ]
    }
}

extension MaskRCNN {
    func headCosts(_ rule: CountingRule) -> [Cost] {
        [
            pyramidCost(rule), proposalCost(rule), boxCost(rule), maskCost(rule),
        ]
    }

    private func proposalCost(_ rule: CountingRule) -> Cost {
        var counter = MACCounter(rule)
        counter.convolution(levels.tokens, from: channels, to: channels)
        counter.convolution(levels.tokens, from: channels, to: Self.anchors, kernel: 1)
        counter.convolution(levels.tokens, from: channels, to: 4 * Self.anchors, kernel: 1)
        return cost("proposals", "rpn_head.", counter)
    }

    private func boxCost(_ rule: CountingRule) -> Cost {
        var counter = MACCounter(rule)
        let inputs = Self.boxBins * Self.boxBins * channels
        counter.linear(Self.proposals, from: inputs, to: width)
        counter.linear(Self.proposals, from: width, to: width)
        counter.each(2 * Self.proposals * width)
        counter.linear(Self.proposals, from: width, to: classes + 1)
        counter.linear(Self.proposals, from: width, to: 4 * classes)
        return cost("boxes", "roi_head.bbox_head.", counter)
    }

    /// All classes' masks, as the authors' code computes them; the library computes one of each box.
    private func maskCost(_ rule: CountingRule) -> Cost {
        var counter = MACCounter(rule)
        let points = Self.detections * Self.maskBins * Self.maskBins
        counter.tower(points, channels: channels, depth: depth)
        counter.linear(points, from: channels, to: 4 * channels)
        // The bias of the transposed convolution, and the ReLU behind it.
        counter.each(2 * 4 * points * channels)
        counter.convolution(4 * points, from: channels, to: classes, kernel: 1)
        return cost("masks", "roi_head.mask_head.", counter)
    }
}

extension SemanticFPN {
    func headCosts(_ rule: CountingRule) -> [Cost] {
        var counter = MACCounter(rule)
        for level in backbone.stages.indices {
            var map = backbone.map(ofStage: level)
            for (index, _) in branch(ofLevel: level).enumerated() {
                counter.convolution(
                    map.count, from: index == 0 ? channels : width, to: width, hasBias: false)
                counter.norm(map.count * width)
                counter.each(map.count * width)
                guard level > 0 else { continue }
                map = Resolution(height: 2 * map.height, width: 2 * map.width)
                counter.each(map.count * width)
            }
        }
        counter.convolution(
            backbone.map(ofStage: 0).count, from: width, to: classes, kernel: 1)
        return [pyramidCost(rule), cost("segmentation", "decode_head.", counter)]
    }
}
