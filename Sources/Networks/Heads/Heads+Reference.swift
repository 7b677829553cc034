import Graphs
import Reference

extension HeadNetwork {
    /// The backbone's maps and the pyramid on them, the finest first, as the FPN of mmdetection reads.
    func pyramid(
        _ input: [Float], _ weights: ParameterReader
    ) throws -> (maps: [TokenMap], levels: [TokenMap]) {
        let maps = try LITv2Reference(backbone, weights.under("backbone.")).featureMaps(
            input, height: resolution.height, width: resolution.width,
            stages: backbone.features?.stages)
        var sums = try maps.enumerated().map { index, map in
            Operators.linear(
                map,
                try weights.affine(
                    "neck.lateral_convs.\(index).conv", fanIn: map.channels, outputs: channels))
        }
        for index in sums.indices.dropLast().reversed() {
            let (height, width) = (sums[index].height, sums[index].width)
            sums[index] =
                sums[index] + Operators.nearest(sums[index + 1], height: height, width: width)
        }
        let levels = try sums.enumerated().map { index, sum in
            try weights.convolve(sum, "neck.fpn_convs.\(index).conv", to: channels)
        }
        return (maps, levels)
    }
}

extension ParameterReader {
    fileprivate func convolve(
        _ map: TokenMap, _ name: String, to outputs: Int, stride: Int = 1, bias: Bool = true
    ) throws -> TokenMap {
        Operators.convolution3x3(
            map,
            try affine(name, fanIn: 9 * map.channels, outputs: outputs, bias: bias),
            stride: stride)
    }

    /// Convolutions with ReLU.
    fileprivate func tower(_ input: TokenMap, _ name: String, depth: Int) throws -> TokenMap {
        var map = input
        for index in 0..<depth {
            map = Operators.relu(try convolve(map, "\(name).\(index).conv", to: map.channels))
        }
        return map
    }

    fileprivate func linear(_ map: TokenMap, _ name: String, to outputs: Int) throws -> TokenMap {
        Operators.linear(map, try affine(name, fanIn: map.channels, outputs: outputs))
    }
}

// MARK: - RetinaNet

extension RetinaNet {
    /// Of the detections nothing.
    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let levels = try allLevels(input, weights).levels
        func head(_ tower: String, _ name: String, _ outputs: Int) throws -> [Double] {
            try levels.flatMap { level in
                try weights.convolve(
                    weights.tower(level, "bbox_head.\(tower)", depth: depth), "bbox_head.\(name)",
                    to: outputs
                ).values
            }
        }
        return [
            try head("cls_convs", "retina_cls", Self.anchors * classes),
            try head("reg_convs", "retina_reg", Self.anchors * 4), [],
        ]
    }

    /// The pyramid with the levels behind the backbone's.
    func allLevels(
        _ input: [Float], _ weights: ParameterReader
    ) throws -> (maps: [TokenMap], levels: [TokenMap]) {
        var (maps, levels) = try pyramid(input, weights)
        var last = maps[maps.count - 1]
        for _ in 0..<Self.extraLevels {
            last = try weights.convolve(
                last, "neck.fpn_convs.\(levels.count).conv", to: channels, stride: 2)
            levels.append(last)
        }
        return (maps, levels)
    }
}

// MARK: - Mask R-CNN

extension MaskRCNN {
    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        try reference(input, weights, continuing: outputs.map { _ in nil })
    }

    public func reference(
        _ input: [Float], _ weights: ParameterReader, continuing found: [[Float]?]
    ) throws -> [[Double]] {
        let all = try allLevels(input, weights).levels
        let levels = Array(all.dropLast())
        let hidden = try all.map {
            Operators.relu(try weights.convolve($0, "rpn_head.rpn_conv", to: channels))
        }
        func head(_ name: String, _ outputs: Int) throws -> [Double] {
            try hidden.flatMap { try weights.linear($0, name, to: outputs).values }
        }
        let (proposals, detections) = (found[2], found[5])
        let boxes = try proposals.map { try classes(of: $0, levels, weights) }
        return [
            try head("rpn_head.rpn_cls", Self.anchors),
            try head("rpn_head.rpn_reg", 4 * Self.anchors), [],
            boxes?.logits ?? [], boxes?.deltas ?? [], [],
            try detections.map { try masks(of: $0, levels, weights) } ?? [],
        ]
    }

    /// The pyramid with the level in which boxes are only proposed.
    func allLevels(
        _ input: [Float], _ weights: ParameterReader
    ) throws -> (maps: [TokenMap], levels: [TokenMap]) {
        let (maps, levels) = try pyramid(input, weights)
        return (maps, levels + [Operators.subsampled(levels[levels.count - 1])])
    }

    private func box(_ row: ArraySlice<Float>, column: Int) -> Box {
        let first = row.startIndex + column
        return Box(x0: row[first], y0: row[first + 1], x1: row[first + 2], y1: row[first + 3])
    }

    private var strides: [Int] { boxLevels.map(\.stride) }

    /// What the boxes' head says of proposals.
    private func classes(
        of proposals: [Float], _ levels: [TokenMap], _ weights: ParameterReader
    ) throws -> (logits: [Double], deltas: [Double]) {
        let (width, name) = (AnchorRule.proposalWidth, "roi_head.bbox_head.")
        let rois = stride(from: 0, to: proposals.count, by: width).flatMap { start in
            // As the layer behind it takes them: channel by channel.
            Operators.roiAlign(
                levels, strides: strides, box(proposals[start..<start + width], column: 0),
                bins: Self.boxBins
            ).planes
        }
        var x = TokenMap(
            height: proposals.count / width, width: 1,
            channels: Self.boxBins * Self.boxBins * channels, values: rois)
        for index in 0..<2 {
            x = Operators.relu(
                try weights.linear(x, name + "shared_fcs.\(index)", to: self.width))
        }
        return (
            try weights.linear(x, name + "fc_cls", to: classes + 1).values,
            try weights.linear(x, name + "fc_reg", to: 4 * classes).values
        )
    }

    /// The mask of each detection's class; zeros of rows without one.
    private func masks(
        of detections: [Float], _ levels: [TokenMap], _ weights: ParameterReader
    ) throws -> [Double] {
        let (rows, points) = (AnchorRule.detectionWidth, 4 * Self.maskBins * Self.maskBins)
        let name = "roi_head.mask_head."
        let upsample = try Affine(
            weight: weights.tensor(name + "upsample.weight", count: 4 * channels * channels),
            bias: weights.tensor(name + "upsample.bias", count: channels))
        return try stride(from: 0, to: detections.count, by: rows).flatMap { start in
            let row = detections[start..<start + rows]
            let label = row[start + 5]
            guard label >= 0, label < Float(classes) else {
                return [Double](repeating: 0, count: points)
            }
            let roi = Operators.roiAlign(
                levels, strides: strides, box(row, column: AnchorRule.detectionBox),
                bins: Self.maskBins)
            let hidden = Operators.relu(
                Operators.transposed2x2(
                    try weights.tower(roi, name + "convs", depth: depth), upsample))
            let all = try weights.linear(hidden, name + "conv_logits", to: classes)
            return (0..<points).map { all.values[$0 * classes + Int(label)] }
        }
    }
}

// MARK: - Semantic FPN

extension SemanticFPN {
    /// Of the labels nothing.
    public func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        let (_, levels) = try pyramid(input, weights)
        var sum = try branch(levels[0], 0, weights)
        for index in levels.indices.dropFirst() {
            let map = try branch(levels[index], index, weights)
            sum = sum + Operators.resized(map, height: sum.height, width: sum.width)
        }
        return [try weights.linear(sum, "decode_head.conv_seg", to: classes).values, []]
    }

    private func branch(
        _ level: TokenMap, _ index: Int, _ weights: ParameterReader
    ) throws -> TokenMap {
        var map = level
        for name in branch(ofLevel: index) {
            let convolved = try weights.convolve(map, name + ".conv", to: width, bias: false)
            let norm = try weights.batchNorm(name + ".bn", channels: width)
            map = Operators.relu(Operators.batchNorm(convolved, norm))
            guard index > 0 else { continue }
            map = Operators.resized(map, height: 2 * map.height, width: 2 * map.width)
        }
        return map
    }
}
