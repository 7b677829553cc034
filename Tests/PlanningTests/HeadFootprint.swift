import Graphs
import Kernels

/// What kernels of segmenters and detectors read and write.
extension Footprint {
    /// Nil of other kernels.
    init?(ofHeads computation: Computation) {
        let all: [Footprint?] = [
            computation.spec(as: DirectConvolution.self).map { .convolution($0) },
            computation.spec(as: WinogradConvolution.self).map { .convolution($0) },
            computation.spec(as: Resize.self).map { .resize($0) },
            computation.spec(as: Subsample.self).map { .subsample($0) },
            computation.spec(as: CandidateSelection.self).map { .candidates($0.rule) },
            computation.spec(as: ProposalSelection.self).map { .boxes($0.rule, width: 5) },
            computation.spec(as: AnchorDetection.self).map { .boxes($0.rule, width: 10) },
            computation.spec(as: RegionDetection.self).map { .regions($0.rule) },
            computation.spec(as: RegionSampling.self).map { .samples($0) },
            computation.spec(as: MaskOutput.self).map { .masks($0) },
            computation.spec(as: LabelOutput.self).map {
                .init(
                    inputs: [
                        Extent(rows: $0.map.count, width: $0.classes, stride: $0.inputStride)
                    ],
                    output: Extent(rows: $0.picture.count, width: 1))
            },
        ]
        guard let known = all.compactMap({ $0 }).first else { return nil }
        self = known
    }

    /// Tokens of maps of which each is halved `by` times, rounded up.
    private static func tokens(_ list: MapList, by stride: Int) -> Int {
        list.maps.reduce(0) {
            $0 + (($1.height + stride - 1) / stride) * (($1.width + stride - 1) / stride)
        } * list.copies
    }

    private static func convolution(_ spec: DirectConvolution.Spec) -> Footprint {
        Footprint(
            inputs: [
                Extent(
                    rows: tokens(spec.maps, by: 1), width: spec.channels, stride: spec.inputStride)
            ],
            output: Extent(
                rows: tokens(spec.maps, by: spec.stride), width: spec.outputs,
                stride: spec.outputStride))
    }

    private static func convolution(_ spec: WinogradConvolution.Spec) -> Footprint {
        let rows = tokens(spec.maps, by: 1)
        return Footprint(
            inputs: [Extent(rows: rows, width: spec.channels, stride: spec.inputStride)],
            output: Extent(rows: rows, width: spec.outputs, stride: spec.outputStride))
    }

    private static func resize(_ spec: Resize.Spec) -> Footprint {
        let (rows, width) = (spec.resized.count, spec.channels)
        let input = Extent(rows: spec.map.count, width: width, stride: spec.inputStride)
        let sum = Extent(rows: rows, width: width, stride: spec.sumStride)
        return Footprint(
            inputs: spec.isSum ? [input, sum] : [input],
            output: Extent(rows: rows, width: width, stride: spec.outputStride),
            replaced: spec.isSum ? 1 : nil)
    }

    private static func subsample(_ spec: Subsample.Spec) -> Footprint {
        Footprint(
            inputs: [
                Extent(rows: spec.map.count, width: spec.channels, stride: spec.inputStride)
            ],
            output: Extent(
                rows: ((spec.map.height + 1) / 2) * ((spec.map.width + 1) / 2),
                width: spec.channels, stride: spec.outputStride))
    }

    private static func candidates(_ rule: AnchorRule) -> Footprint {
        Footprint(
            inputs: [
                Extent(rows: rule.levels.tokens, width: 3 * rule.scales.count * rule.classes)
            ],
            output: slots(rule))
    }

    /// Scores and numbers of every chunk's candidates.
    private static func slots(_ rule: AnchorRule) -> Extent {
        Extent(rows: 1, width: 2 * rule.slot * rule.chunks.reduce(0, +))
    }

    private static func boxes(_ rule: AnchorRule, width: Int) -> Footprint {
        let (tokens, anchors) = (rule.levels.tokens, 3 * rule.scales.count)
        return Footprint(
            inputs: [
                slots(rule), Extent(rows: tokens, width: anchors * rule.classes),
                Extent(rows: tokens, width: 4 * anchors),
            ],
            output: Extent(rows: rule.most, width: width))
    }

    private static func regions(_ rule: RegionRule) -> Footprint {
        Footprint(
            inputs: [rule.classes + 1, 4 * rule.classes, 5].map {
                Extent(rows: rule.proposals, width: $0)
            },
            output: Extent(rows: rule.most, width: 10))
    }

    private static func samples(_ spec: RegionSampling.Spec) -> Footprint {
        Footprint(
            inputs: [
                Extent(rows: spec.rule.boxes, width: spec.rule.boxWidth),
                Extent(rows: spec.tokens, width: spec.channels),
            ],
            output: Extent(
                rows: spec.rule.boxes * spec.rule.bins * spec.rule.bins, width: spec.channels))
    }

    private static func masks(_ spec: MaskOutput.Spec) -> Footprint {
        let points = spec.side * spec.side
        return Footprint(
            inputs: [
                Extent(
                    rows: spec.detections * points, width: 4 * spec.channels,
                    stride: spec.inputStride),
                Extent(rows: spec.detections, width: spec.detectionWidth),
            ],
            output: Extent(rows: spec.detections, width: 4 * points))
    }
}
