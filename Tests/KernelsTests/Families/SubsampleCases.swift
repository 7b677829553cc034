import Graphs
import Kernels
import TestFixtures

/// Even and odd sizes, single rows and columns.
enum SubsampleCases: FamilyCases {
    typealias Family = Subsample

    static func specs(_ random: inout SeededGenerator) -> [Subsample.Spec] {
        let fixed = [(4, 6, 16, 0), (5, 7, 13, 3), (1, 1, 3, 0), (1, 8, 24, 8), (9, 2, 7, 0)]
        let drawn = [(random.odd(3...15), random.odd(3...15), random.odd(3...70), 5)]
        return (fixed + drawn).map { height, width, channels, beyond in
            Subsample.Spec(
                map: Resolution(height: height, width: width), channels: channels,
                inputStride: channels + beyond, outputStride: channels + 2 * beyond)
        }
    }
}
