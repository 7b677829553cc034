import Graphs
import Kernels
import TestFixtures

/// Windows that fill the map, and such that stick out of it.
enum AveragePoolCases: FamilyCases {
    typealias Family = AveragePool

    static func specs(_ random: inout SeededGenerator) -> [AveragePool.Spec] {
        let fixed = [
            (5, 7, 24, 2), (5, 7, 13, 3), (1, 1, 16, 2), (13, 22, 33, 4), (8, 4, 32, 4),
        ]
        let drawn = (2...3).map { window in
            (random.odd(3...15), random.odd(3...15), random.odd(3...70), window)
        }
        return (fixed + drawn).map { height, width, channels, window in
            AveragePool.Spec(
                map: Resolution(height: height, width: width), channels: channels, window: window)
        }
            + [(5, 7, 13, 3), (4, 9, 34, 2)].flatMap { height, width, channels, window in
                [(ElementType.f32, ElementType.bf16), (.bf16, .bf16), (.int8, .int8)].map {
                    AveragePool.Spec(
                        map: Resolution(height: height, width: width), channels: channels,
                        window: window, input: $0.0, output: $0.1)
                }
            }
    }
}
