import Graphs
import Kernels
import Machines
import TestFixtures

/// Kernels for a tile unit on instruction sets that have none: vectors emulate it on every CPU.
enum TileCases {
    static func kernels(_ isa: ISA) -> [Kernel] {
        let vectors = Packing.panelColumns / isa.lanes
        let products = products.map { spec, rows, slab, split in
            Kernel(
                GEMM.self, spec,
                GEMM.Schedule(rows: rows, vectors: vectors, slab: slab, split: split, unit: .tiles))
        }
        return products
            + networks.map { spec, rows, band, strip in
                Kernel(
                    FusedConvFFN.self, spec,
                    FusedConvFFN.Schedule(
                        rows: rows, vectors: vectors, band: band, strip: strip, unit: .tiles))
            }
    }

    /// Squares of one tile and of two above each other, low ones below, more than a chain of sums.
    private static let products: [(GEMM.Spec, Int, Int, GEMM.Schedule.Split)] = [
        (GEMM.Spec(rows: 49, k: 192, n: 70, epilogue: .gelu, element: .bf16), 25, 2, .rows),
        (GEMM.Spec(rows: 37, k: 1536, n: 33, epilogue: .residual, element: .bf16), 32, 1, .columns),
        (
            GEMM.Spec(rows: 5, k: 18, n: 40, inputStride: 22, outputStride: 43, element: .bf16), 3,
            1, .rows
        ),
        (
            GEMM.Spec(rows: 45, k: 96, n: 70, epilogue: .relu, element: .bf16, output: .bf16), 32,
            2, .rows
        ),
        (GEMM.Spec(rows: 70, k: 96, n: 64, epilogue: .relu, element: .int8), 16, 9, .rows),
        (GEMM.Spec(rows: 50, k: 200, n: 95, epilogue: .residual, element: .int8), 31, 2, .columns),
        (
            GEMM.Spec(
                fine: Resolution(height: 7, width: 11), coarse: Resolution(height: 4, width: 6),
                k: 36, n: 40, coarseStride: 44, element: .int8), 17, 2, .rows
        ),
    ]

    private static let networks: [(FusedConvFFN.Spec, Int, Int, Int)] = [
        (
            FusedConvFFN.Spec(
                map: Resolution(height: 7, width: 31), channels: 32, hidden: 64, element: .bf16),
            32, 2, 31
        ),
        (
            FusedConvFFN.Spec(
                map: Resolution(height: 5, width: 9), channels: 20, hidden: 96, element: .int8),
            13, 3, 4
        ),
        (
            FusedConvFFN.Spec(
                map: Resolution(height: 4, width: 11), channels: 32, hidden: 128, element: .int8),
            32, 2, 11
        ),
    ]
}
