import Graphs
import Kernels
import TestFixtures

/// Windows that fill the map and such that stick out of it, shifted or not, with and without a table of
/// relative positions.
enum WindowAttentionCases: FamilyCases {
    typealias Family = WindowAttention

    static func specs(_ random: inout SeededGenerator) -> [WindowAttention.Spec] {
        let forms = [
            (1, 0, true, true), (2, 1, false, false), (3, 0, true, false), (3, 2, true, true),
            (5, 2, true, false), (7, 0, false, false), (7, 3, false, true),
        ]
        return forms.map { window, shift, hasTable, isWhole in
            let (heads, headDim) = (random.int(1...3), random.odd(5...35))
            let map = Resolution(
                height: isWhole ? window * random.int(1...2) : random.odd(1...13),
                width: isWhole ? window * random.int(1...3) : random.odd(1...13))
            return WindowAttention.Spec(
                map: map, heads: heads, headDim: headDim, window: window, shift: shift,
                hasTable: hasTable, inputStride: 3 * heads * headDim + random.int(0...8),
                outputStride: heads * headDim + random.int(0...8))
        } + [
            WindowAttention.Spec(
                map: Resolution(height: 7, width: 12), heads: 2, headDim: 9, window: 4, shift: 2,
                hasTable: true, outputStride: 22, output: .bf16),
            WindowAttention.Spec(
                map: Resolution(height: 7, width: 12), heads: 2, headDim: 10, window: 4, shift: 2,
                hasTable: true, outputStride: 24, output: .int8),
        ]
    }
}
