import Graphs
import Kernels
import TestFixtures

/// Squares that divide the map, and such that leave some of it over.
enum TokenPatchesCases: FamilyCases {
    typealias Family = TokenPatches

    static func specs(_ random: inout SeededGenerator) -> [TokenPatches.Spec] {
        let fixed = [(4, 6, 16, 2, 0), (2, 2, 1, 2, 0), (3, 5, 7, 3, 5), (5, 5, 9, 1, 0)]
        let drawn = [(2, 0), (3, 16), (4, 3)].map { side, beyond in
            (random.int(side...13), random.int(side...13), random.odd(3...60), side, beyond)
        }
        return (fixed + drawn).map { height, width, channels, side, beyond in
            TokenPatches.Spec(
                map: Resolution(height: height, width: width), channels: channels, side: side,
                outputStride: side * side * channels + beyond)
        }
    }
}
