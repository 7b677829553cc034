import Graphs
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
        ] + upsampledSums(&random) + narrow(&random) + integers(&random)
    }

    /// Words are whole, so K and distances are even; more than a chain of sums once.
    private static func narrow(_ random: inout SeededGenerator) -> [GEMM.Spec] {
        inWords(of: .bf16, &random) + [
            GEMM.Spec(rows: 1, k: 2, n: 1, matrix: .bf16),
            GEMM.Spec(rows: 13, k: 38, n: 45, inputStride: 41, epilogue: .gelu, matrix: .bf16),
            GEMM.Spec(rows: 9, k: 770, n: 40, epilogue: .residual, matrix: .bf16),
            GEMM.Spec(rows: 9, k: 770, n: 40, epilogue: .residual, element: .bf16),
            GEMM.Spec(rows: 49, k: 192, n: 70, epilogue: .gelu, element: .bf16),
            GEMM.Spec(
                rows: 43, k: 38, n: 70, outputStride: 74, epilogue: .relu, element: .bf16,
                output: .bf16),
            GEMM.Spec(rows: 9, k: 13, n: 44, epilogue: .gelu, output: .bf16),
        ]
    }

    /// The same of words of four.
    private static func integers(_ random: inout SeededGenerator) -> [GEMM.Spec] {
        inWords(of: .int8, &random) + [
            GEMM.Spec(rows: 9, k: 3076, n: 40, epilogue: .residual, element: .int8),
            GEMM.Spec(rows: 49, k: 96, n: 70, epilogue: .residual, element: .int8),
            GEMM.Spec(rows: 1, k: 4, n: 1, matrix: .int8),
            GEMM.Spec(rows: 13, k: 76, n: 45, inputStride: 79, epilogue: .gelu, matrix: .int8),
            GEMM.Spec(rows: 1, k: 768, n: 131, matrix: .int8),
            GEMM.Spec(rows: 9, k: 772, n: 40, epilogue: .residual, matrix: .int8),
        ]
    }

    /// Every epilogue, one word alone, and the sum with a coarser map.
    private static func inWords(
        of element: ElementType, _ random: inout SeededGenerator
    ) -> [GEMM.Spec] {
        let word = element.perWord
        let epilogues: [GEMM.Epilogue] = [.none, .residual, .gelu, .relu]
        return epilogues.map { epilogue in
            let (k, n) = (word * random.int(1...(100 / word)), random.odd(3...130))
            return GEMM.Spec(
                rows: random.odd(1...70), k: k, n: n, inputStride: k + word * random.int(0...5),
                outputStride: n + random.int(0...3), epilogue: epilogue, element: element)
        } + [
            GEMM.Spec(rows: 1, k: word, n: 1, element: element),
            GEMM.Spec(
                fine: Resolution(height: 7, width: 11), coarse: Resolution(height: 4, width: 6),
                k: 9 * word, n: 24, coarseStride: 30, element: element),
        ]
    }

    /// Maps twice as large, one token less than that, and of sizes that have nothing to do with
    /// each other.
    private static func upsampledSums(_ random: inout SeededGenerator) -> [GEMM.Spec] {
        let fixed = [
            (8, 12, 4, 6, 32, 0), (7, 11, 4, 6, 24, 8), (1, 1, 1, 1, 3, 0), (5, 9, 1, 2, 17, 3),
            (3, 4, 5, 7, 64, 0), (25, 42, 13, 21, 40, 16), (12, 8, 6, 4, 32, 0),
        ]
        let drawn = (0..<2).map { _ in
            (
                random.odd(3...15), random.odd(3...15), random.int(1...9), random.int(1...9),
                random.odd(3...130), random.int(0...5)
            )
        }
        return (fixed + drawn).map { height, width, coarseHeight, coarseWidth, n, beyond in
            let k = random.odd(3...90)
            return GEMM.Spec(
                fine: Resolution(height: height, width: width),
                coarse: Resolution(height: coarseHeight, width: coarseWidth), k: k, n: n,
                inputStride: k + beyond, coarseStride: n + 2 * beyond, outputStride: n + beyond)
        }
    }
}
