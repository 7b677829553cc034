import Graphs
import Kernels
import TestFixtures

/// Both layouts, with and without a norm.
enum FeatureOutputCases: FamilyCases {
    typealias Family = FeatureOutput

    static func specs(_ random: inout SeededGenerator) -> [FeatureOutput.Spec] {
        let fixed = [(5, 7, 24), (1, 1, 13), (9, 15, 33), (37, 9, 96), (3, 2, 2000)]
        let drawn = [(random.odd(3...31), random.odd(3...31), random.odd(17...130))]
        return (fixed + drawn).flatMap { height, width, channels in
            FeatureLayout.allCases.flatMap { layout in
                [true, false].map {
                    FeatureOutput.Spec(
                        map: Resolution(height: height, width: width), channels: channels,
                        isNormalised: $0, layout: layout)
                }
            }
        }
    }
}
