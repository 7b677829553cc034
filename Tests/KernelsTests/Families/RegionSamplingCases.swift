import Graphs
import Kernels
import TestFixtures

/// Pyramids of one level and of several, with further levels behind them; proposals' and detections' rows.
enum RegionSamplingCases: FamilyCases {
    typealias Family = RegionSampling

    static func specs(_ random: inout SeededGenerator) -> [RegionSampling.Spec] {
        let pyramid = levels(height: 24, width: 36, stride: 16, count: 4)
        let odd = levels(
            height: random.odd(9...21), width: random.odd(9...21), stride: 24, count: 3)
        return [
            spec(boxes: 60, width: 5, column: 0, bins: 7, pyramid, channels: 32),
            spec(boxes: 40, width: 10, column: 6, bins: 14, pyramid, channels: 13, beyond: 15),
            spec(boxes: 50, width: 5, column: 0, bins: 3, odd, channels: random.odd(3...40)),
            spec(boxes: 50, width: 4, column: 0, bins: 1, Array(odd.prefix(1)), channels: 5),
            spec(boxes: 20, width: 5, column: 1, bins: 2, Array(pyramid.prefix(2)), channels: 264),
            spec(boxes: 30, width: 5, column: 0, bins: 7, odd, channels: 6, output: .bf16),
            spec(boxes: 30, width: 5, column: 0, bins: 3, pyramid, channels: 154, output: .bf16),
        ]
    }

    private static func levels(
        height: Int, width: Int, stride: Int, count: Int
    ) -> [PyramidLevel] {
        (0..<count).map { level in
            PyramidLevel(
                map: Resolution(height: height, width: width)
                    .dividedRoundingUp(by: 1 << level), stride: stride << level)
        }
    }

    private static func spec(
        boxes: Int, width: Int, column: Int, bins: Int, _ levels: [PyramidLevel], channels: Int,
        beyond: Int = 0, output: ElementType = .f32
    ) -> RegionSampling.Spec {
        let rule = RoIAlign(
            boxes: boxes, boxWidth: width, boxColumn: column, bins: bins, levels: levels)
        let tokens = levels.reduce(beyond) { $0 + $1.map.count }
        return RegionSampling.Spec(rule: rule, channels: channels, tokens: tokens, output: output)
    }
}
