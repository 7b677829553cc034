import Kernels
import TestFixtures

enum LoFiAttentionCases: FamilyCases {
    typealias Family = LoFiAttention

    static func specs(_ random: inout SeededGenerator) -> [LoFiAttention.Spec] {
        [(0, 0, 0), (3, 2, 5), (5, 8, 1), (8, 16, 8)].map { query, key, output in
            let (heads, headDim) = (random.int(1...3), random.odd(7...35))
            let channels = heads * headDim
            return LoFiAttention.Spec(
                queries: random.odd(3...60), keys: random.odd(3...90), heads: heads,
                headDim: headDim, queryStride: channels + query, keyStride: 2 * channels + key,
                outputStride: channels + output)
        } + [
            LoFiAttention.Spec(queries: 1, keys: 1, heads: 1, headDim: 1),
            LoFiAttention.Spec(queries: 49, keys: 64, heads: 2, headDim: 32),
            LoFiAttention.Spec(
                queries: 23, keys: 17, heads: 2, headDim: 11, outputStride: 26, output: .bf16),
            LoFiAttention.Spec(
                queries: 23, keys: 17, heads: 2, headDim: 10, outputStride: 24, output: .int8),
        ]
    }
}
