import Graphs
import Kernels
import TestFixtures

/// Windows that fill the map, and such that stick out of it.
enum HiFiAttentionCases: FamilyCases {
    typealias Family = HiFiAttention

    static func specs(_ random: inout SeededGenerator) -> [HiFiAttention.Spec] {
        whole(&random) + padded + narrow
    }

    private static func whole(_ random: inout SeededGenerator) -> [HiFiAttention.Spec] {
        [(1, 0, 0), (2, 8, 5), (3, 0, 3)].map { window, input, output in
            let (heads, headDim) = (random.int(1...3), random.odd(5...35))
            return HiFiAttention.Spec(
                map: Resolution(
                    height: window * random.int(1...4), width: window * random.int(1...4)),
                heads: heads, headDim: headDim, window: window,
                inputStride: 3 * heads * headDim + input, outputStride: heads * headDim + output)
        }
    }

    private static let narrow = [(6, 4, 2, 9, 2), (5, 7, 3, 32, 3)].flatMap {
        height, width, heads, headDim, window in
        [ElementType.bf16, .int8].map {
            HiFiAttention.Spec(
                map: Resolution(height: height, width: width), heads: heads, headDim: headDim,
                window: window, outputStride: heads * headDim + 2, output: $0)
        }
    }

    /// Map, heads, channels of one, window.
    private static let padded = [
        (5, 7, 2, 32, 2), (5, 7, 1, 13, 3), (1, 1, 2, 8, 2), (6, 4, 1, 20, 4), (9, 9, 3, 32, 4),
        (4, 6, 2, 7, 5), (1, 8, 2, 32, 2),
    ].map { height, width, heads, headDim, window in
        HiFiAttention.Spec(
            map: Resolution(height: height, width: width), heads: heads, headDim: headDim,
            window: window, inputStride: 3 * heads * headDim + 8,
            outputStride: heads * headDim + 5)
    }
}
