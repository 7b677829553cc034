import Graphs
import Kernels
import TestFixtures

/// Patches that divide the image, and such that stick out of it.
enum PatchesCases: FamilyCases {
    typealias Family = Patches

    static func specs(_ random: inout SeededGenerator) -> [Patches.Spec] {
        let fixed = [(5, 9, 4), (2, 3, 4), (17, 6, 4), (7, 7, 3), (8, 12, 4)]
        let drawn = [2, 5].map { (random.odd(3...40), random.odd(3...40), $0) }
        return (fixed + drawn).map { height, width, side in
            Patches.Spec(image: Resolution(height: height, width: width), side: side)
        }
            + [(5, 9, 4), (23, 13, 10)].map { height, width, side in
                Patches.Spec(
                    image: Resolution(height: height, width: width), side: side, output: .bf16)
            }
    }
}
