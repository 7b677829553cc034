import Graphs
import Kernels
import TestFixtures

/// Maps of one row or column, channels that fill no panel.
enum FusedConvFFNCases: FamilyCases {
    typealias Family = FusedConvFFN

    static func specs(_ random: inout SeededGenerator) -> [FusedConvFFN.Spec] {
        let maps = [(1, 9), (9, 1), (random.odd(3...9), random.odd(11...31))]
        return maps.map { height, width in
            FusedConvFFN.Spec(
                map: Resolution(height: height, width: width), channels: random.odd(3...40),
                hidden: random.odd(5...90))
        } + [
            FusedConvFFN.Spec(map: Resolution(height: 6, width: 8), channels: 32, hidden: 64)
        ]
    }
}
