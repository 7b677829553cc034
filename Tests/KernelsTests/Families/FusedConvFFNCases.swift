import Graphs
import Kernels
import TestFixtures

/// Maps of one row or column, channels that fill no panel, bands and strips that do not divide.
enum FusedConvFFNCases: FamilyCases {
    typealias Family = FusedConvFFN

    static func specs(_ random: inout SeededGenerator) -> [FusedConvFFN.Spec] {
        let maps = [(1, 1), (1, 9), (9, 1), (2, 17), (5, 3), (7, 31)]
        let channels = [(4, 8), (12, 48), (20, 50), (33, 67), (48, 192), (1, 5)]
        let pairs = Array(zip(maps + maps, channels + channels.reversed())) + [((6, 8), (32, 64))]
        let single = pairs.map { map, channels in
            FusedConvFFN.Spec(
                map: Resolution(height: map.0, width: map.1), channels: channels.0,
                hidden: channels.1)
        }
        let narrow = [(1, 9, 4, 8), (5, 3, 20, 50), (7, 31, 12, 66)].flatMap { size in
            [ElementType.bf16, .f32].map {
                FusedConvFFN.Spec(
                    map: Resolution(height: size.0, width: size.1), channels: size.2,
                    hidden: size.3, element: $0, matrix: .bf16)
            }
        }
        let integers = [(1, 9, 4, 8), (5, 3, 20, 52), (7, 31, 12, 68)].map { size in
            FusedConvFFN.Spec(
                map: Resolution(height: size.0, width: size.1), channels: size.2, hidden: size.3,
                element: .int8)
        }
        return single + narrow + integers
    }
}
