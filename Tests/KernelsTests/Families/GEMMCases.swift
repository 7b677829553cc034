import Kernels
import TestFixtures

enum GEMMCases: FamilyCases {
    typealias Family = GEMM

    static func specs(_ random: inout SeededGenerator) -> [GEMM.Spec] {
        let epilogues: [GEMM.Epilogue] = [.none, .residual, .gelu, .relu]
        return epilogues.flatMap { epilogue in
            [(0, 0), (5, 3), (8, 16)].map { spread in
                let (k, n) = (random.odd(3...90), random.odd(3...130))
                return GEMM.Spec(
                    rows: random.odd(1...70), k: k, n: n, inputStride: k + spread.0,
                    outputStride: n + spread.1, epilogue: epilogue)
            }
        } + [
            GEMM.Spec(rows: 1, k: 1, n: 1),
            GEMM.Spec(rows: 28, k: 32, n: 64, epilogue: .gelu),
        ]
    }
}
