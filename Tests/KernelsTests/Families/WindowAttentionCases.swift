import Graphs
import Kernels
import TestFixtures

/// Windows that fill the map and such that stick out of it, shifted or not, with and without a table of
/// relative positions.
enum WindowAttentionCases: FamilyCases {
    typealias Family = WindowAttention

    static func specs(_ random: inout SeededGenerator) -> [WindowAttention.Spec] {
        let forms = [(1, 0), (2, 1), (3, 0), (3, 2), (5, 2), (7, 3)]
        return forms.flatMap { window, shift in
            [true, false].map { hasTable in
                let (heads, headDim) = (random.int(1...3), random.odd(5...35))
                let whole = random.int(0...1) == 0
                let map = Resolution(
                    height: whole ? window * random.int(1...2) : random.int(1...13),
                    width: whole ? window * random.int(1...3) : random.int(1...13))
                return WindowAttention.Spec(
                    map: map, heads: heads, headDim: headDim, window: window, shift: shift,
                    hasTable: hasTable, inputStride: 3 * heads * headDim + random.int(0...8),
                    outputStride: heads * headDim + random.int(0...8))
            }
        }
    }
}
