import Kernels
import TestFixtures

enum MeanPoolCases: FamilyCases {
    typealias Family = MeanPool

    static func specs(_ random: inout SeededGenerator) -> [MeanPool.Spec] {
        [3...15, 17...31, 33...200].map {
            MeanPool.Spec(rows: random.odd(3...60), channels: random.odd($0))
        } + [
            MeanPool.Spec(rows: 1, channels: 1), MeanPool.Spec(rows: 49, channels: 96),
            MeanPool.Spec(rows: 7, channels: 2 * random.int(2...40), output: .bf16),
        ]
    }
}
