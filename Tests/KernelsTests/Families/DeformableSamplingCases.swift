import Graphs
import Kernels
import TestFixtures

/// Maps with an odd row or column, which merges into none.
enum DeformableSamplingCases: FamilyCases {
    typealias Family = DeformableSampling

    static func specs(_ random: inout SeededGenerator) -> [DeformableSampling.Spec] {
        let fixed = [(5, 7, 24, 0), (3, 2, 13, 8), (2, 3, 16, 0), (7, 7, 33, 8), (2, 2, 1, 0)]
        let drawn = [0, 5].map {
            (random.int(2...13), random.int(2...13), random.odd(3...60), $0)
        }
        return (fixed + drawn).map { height, width, channels, beyond in
            DeformableSampling.Spec(
                map: Resolution(height: height, width: width), channels: channels,
                outputStride: 4 * channels + beyond)
        }
            + [ElementType.bf16, .int8].map {
                DeformableSampling.Spec(
                    map: Resolution(height: 7, width: 6), channels: 13, outputStride: 56,
                    output: $0)
            }
    }
}
