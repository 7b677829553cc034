import Graphs
import Kernels
import TestFixtures

enum DepthwiseGELUCases: FamilyCases {
    typealias Family = DepthwiseGELU

    static func specs(_ random: inout SeededGenerator) -> [DepthwiseGELU.Spec] {
        let maps = [(1, 1), (1, 9), (9, 1), (2, 2), (random.odd(3...9), random.odd(11...21))]
        return maps.enumerated().map { index, map in
            let channels = random.odd(3...70)
            return DepthwiseGELU.Spec(
                map: Resolution(height: map.0, width: map.1), channels: channels,
                stride: channels + [0, 5, 16][index % 3],
                outputStride: channels + [0, 5, 3][index % 3])
        } + [DepthwiseGELU.Spec(map: Resolution(height: 6, width: 8), channels: 64)]
            + [(1, 9, 12, 0), (5, 13, 34, 6)].flatMap { height, width, channels, beyond in
                [ElementType.bf16, .int8].map {
                    DepthwiseGELU.Spec(
                        map: Resolution(height: height, width: width), channels: channels,
                        stride: channels + 3, output: $0, outputStride: channels + beyond)
                }
            }
    }
}
