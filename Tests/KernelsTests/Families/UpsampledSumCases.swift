import Graphs
import Kernels
import TestFixtures

/// Maps twice as large, one token less than that, and of sizes that have nothing to do with each other.
enum UpsampledSumCases: FamilyCases {
    typealias Family = UpsampledSum

    static func specs(_ random: inout SeededGenerator) -> [UpsampledSum.Spec] {
        let fixed = [
            (8, 12, 4, 6, 32, 0), (7, 11, 4, 6, 24, 8), (1, 1, 1, 1, 3, 0), (5, 9, 1, 2, 17, 3),
            (3, 4, 5, 7, 16, 0), (25, 42, 13, 21, 40, 16),
        ]
        let drawn = (0..<2).map { _ in
            (
                random.odd(3...15), random.odd(3...15), random.int(1...9), random.int(1...9),
                random.odd(3...70), random.int(0...5)
            )
        }
        return (fixed + drawn).map { height, width, coarseHeight, coarseWidth, channels, beyond in
            UpsampledSum.Spec(
                map: Resolution(height: height, width: width),
                coarse: Resolution(height: coarseHeight, width: coarseWidth), channels: channels,
                fineStride: channels + beyond, coarseStride: channels + 2 * beyond,
                outputStride: channels + beyond)
        } + [
            UpsampledSum.Spec(
                map: Resolution(height: 5, width: 3), coarse: Resolution(height: 3, width: 2),
                channels: 12, outputStride: 20)
        ]
    }
}
