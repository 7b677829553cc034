import Kernels
import TestFixtures

enum LayerNormCases: FamilyCases {
    typealias Family = LayerNorm

    static func specs(_ random: inout SeededGenerator) -> [LayerNorm.Spec] {
        [3...15, 17...31, 33...200].map {
            LayerNorm.Spec(rows: random.odd(3...60), channels: random.odd($0))
        } + [
            LayerNorm.Spec(rows: 1, channels: 768), LayerNorm.Spec(rows: 5, channels: 2),
            LayerNorm.Spec(rows: 7, channels: 2, output: .bf16),
            LayerNorm.Spec(rows: 3, channels: 2 * random.int(3...70), output: .bf16),
            LayerNorm.Spec(rows: 7, channels: 4, output: .int8),
            LayerNorm.Spec(rows: 3, channels: 4 * random.int(3...70), output: .int8),
        ]
    }
}
