import Graphs
import Kernels
import Machines
import TestFixtures

/// Products that take K in parts, as only large ones do by themselves: parts that divide K and others, one block of
/// rows whose sums wait and several, low tiles, and all that follows the sums.
enum DepthCases {
    static func kernels(_ isa: ISA) -> [Kernel] {
        let setting = Setting(machine: MachineModel(isa: isa), batch: 1, maxBatch: 2)
        return products.map { spec, slab, depth, split in
            let tile = GEMM.schedules(spec, setting).best
            return Kernel(
                GEMM.self, spec,
                GEMM.Schedule(
                    rows: tile?.rows ?? 1, vectors: tile?.vectors ?? 1, slab: slab, depth: depth,
                    split: split))
        }
    }

    /// A slab of 512 tiles leaves room for the sums of a few tiles of rows, with AVX-512 of one.
    private static let products: [(GEMM.Spec, Int, Int, GEMM.Schedule.Split)] = [
        (GEMM.Spec(rows: 43, k: 1001, n: 71, epilogue: .residual), 2, 384, .rows),
        (GEMM.Spec(rows: 43, k: 1152, n: 71, outputStride: 75, epilogue: .gelu), 512, 384, .rows),
        (GEMM.Spec(rows: 5, k: 1537, n: 33, inputStride: 1540), 1, 768, .columns),
        (
            GEMM.Spec(
                rows: 61, k: 1538, n: 70, inputStride: 1542, epilogue: .relu, element: .bf16,
                output: .bf16), 512, 384, .rows
        ),
        (GEMM.Spec(rows: 9, k: 770, n: 131, epilogue: .residual, element: .bf16), 2, 768, .columns),
        (GEMM.Spec(rows: 13, k: 900, n: 45, epilogue: .gelu, matrix: .bf16), 3, 384, .rows),
        (GEMM.Spec(rows: 13, k: 900, n: 45, matrix: .int8), 3, 768, .columns),
        (
            GEMM.Spec(
                fine: Resolution(height: 7, width: 11), coarse: Resolution(height: 4, width: 6),
                k: 500, n: 40, coarseStride: 44), 512, 384, .rows
        ),
    ]
}
