import HiLoKit
import TestFixtures

// The kernels that compute what the fixtures hold of single steps.

extension RoIAlignCase {
    func kernel(boxes: Int) -> Kernel {
        let level = PyramidLevel(map: Resolution(height: height, width: width), stride: stride)
        let rule = RoIAlign(
            boxes: boxes, boxWidth: 4, boxColumn: 0, bins: side, levels: [level])
        return StepLibrary.kernel(RegionSampling.self, .init(rule: rule, channels: channels))
    }

    /// Whether a part of a box has more samples than kernels take: it is far larger than the map,
    /// which no box is that was clipped to the picture.
    func isBeyondKernels(_ box: [Float]) -> Bool {
        let longest = max(box[2] - box[0], box[3] - box[1]) / Float(stride * side)
        return longest > Float(max(height, width) + 2)
    }
}

extension RoILevelsCase {
    static let side = 8
    static let strides = [4, 8, 16, 32]

    /// Boxes on four levels, each of which has a channel of its own.
    func kernel(boxes: Int) -> Kernel {
        let map = Resolution(height: Self.side, width: Self.side)
        let rule = RoIAlign(
            boxes: boxes, boxWidth: 4, boxColumn: 0, bins: 7,
            levels: Self.strides.map { PyramidLevel(map: map, stride: $0) })
        return StepLibrary.kernel(
            RegionSampling.self, .init(rule: rule, channels: Self.strides.count))
    }
}

extension ResizeCase {
    var kernel: Kernel {
        switch kind {
        case .nearest:
            StepLibrary.kernel(
                GEMM.self, .init(fine: resized, coarse: map, k: 1, n: channels))
        case .bilinear:
            StepLibrary.kernel(
                Resize.self, .init(map: map, resized: resized, channels: channels, isSum: false))
        }
    }
}

extension RetinaCase {
    private func rule(_ era: Era) -> AnchorRule {
        AnchorRule(
            era: era, levels: levels, scales: [4, 4 * 1.2599210498948732, 4 * 1.5874010519681994],
            classes: classes, scoreThreshold: 0.05, overlap: 0.5, most: 100)
    }

    func kernels(_ era: Era) -> (candidates: Kernel, boxes: Kernel) {
        (
            StepLibrary.kernel(CandidateSelection.self, .init(rule: rule(era))),
            StepLibrary.kernel(
                AnchorDetection.self,
                .init(
                    rule: rule(era),
                    input: Resolution(height: content[0] + 3, width: content[1] + 5)))
        )
    }
}

extension ProposalsCase {
    private func rule(_ era: Era) -> AnchorRule {
        AnchorRule(
            era: era, levels: levels, scales: [8], classes: 1, scoreThreshold: nil, overlap: 0.7,
            most: 1000)
    }

    func kernels(_ era: Era) -> (candidates: Kernel, boxes: Kernel) {
        (
            StepLibrary.kernel(CandidateSelection.self, .init(rule: rule(era))),
            StepLibrary.kernel(
                ProposalSelection.self,
                .init(
                    rule: rule(era),
                    input: Resolution(height: content[0] + 3, width: content[1] + 5)))
        )
    }
}

extension RegionsCase {
    func kernel(_ era: Era, boxes: Int) -> Kernel {
        StepLibrary.kernel(
            RegionDetection.self,
            .init(
                rule: RegionRule(era: era, proposals: boxes, classes: classes),
                input: Resolution(height: content[0] + 3, width: content[1] + 5)))
    }
}

extension LabelMapCase {
    var kernel: Kernel {
        StepLibrary.kernel(
            LabelOutput.self,
            .init(
                map: Resolution(height: height, width: width), classes: classes,
                picture: Resolution(height: input[0], width: input[1])))
    }
}
