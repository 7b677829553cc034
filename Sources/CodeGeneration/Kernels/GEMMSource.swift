import Planning

struct GEMMSource: KernelSource {
    let shape: GEMM.Shape
    let tiling: GEMM.Tiling
    private let macs: Int

    init(_ kernel: GEMM) {
        shape = kernel.shape
        tiling = kernel.tiling
        macs = kernel.macs
    }

    let template = "gemm.c"
    let family = "GEMM"

    var operation: String {
        "gemm_\(shape.rows)x\(shape.k)x\(shape.n)"
            + (shape.inputStride == shape.k ? "" : "_in\(shape.inputStride)")
            + (shape.outputStride == shape.n ? "" : "_out\(shape.outputStride)")
            + (shape.epilogue == .none ? "" : "_\(shape.epilogue.rawValue)")
    }

    var variant: String {
        "\(tiling.rows)x\(tiling.vectors)_slab\(tiling.slab)_\(tiling.split.rawValue)"
    }

    func fields(isa: ISA) -> [ShapeField] {
        [
            ShapeField("rows", shape.rows), ShapeField("k", shape.k), ShapeField("n", shape.n),
            ShapeField("panel", tiling.vectors * isa.lanes),
            ShapeField("epilogue", constant: "EPILOGUE_\(shape.epilogue.rawValue.uppercased())"),
            ShapeField("input_stride", shape.inputStride),
            ShapeField("output_stride", shape.outputStride),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        Context(
            name: name, rows: shape.rows, k: shape.k, n: shape.n, macs: macs,
            inputStride: shape.inputStride, outputStride: shape.outputStride,
            tileRows: tiling.rows, tileVectors: tiling.vectors,
            panel: tiling.vectors * isa.lanes, slab: tiling.slab,
            split: tiling.split.rawValue, lowTiles: lowTiles,
            formula: "gemm_formula_\(shape.epilogue.rawValue)",
            epilogue: shape.epilogue.rawValue.uppercased(),
            splitting: "gemm_split_\(tiling.split.rawValue)")
    }

    /// Heights of the tiles below the last full one, so that any batch is covered exactly.
    private var lowTiles: [Int] {
        if shape.rows % tiling.rows == 0 { return [] }
        // An image adds the same rest each time, so the rests are multiples of the common divisor.
        let unit = greatestCommonDivisor(shape.rows, tiling.rows)
        if tiling.rows / unit <= 4 {
            return stride(from: tiling.rows - unit, to: 0, by: -unit).map { $0 }
        }
        return [16, 8, 4, 2, 1].filter { $0 < tiling.rows }
    }

    private struct Context {
        let name: String
        let rows, k, n, macs: Int
        let inputStride, outputStride: Int
        let tileRows, tileVectors, panel, slab: Int
        let split: String
        let lowTiles: [Int]
        let formula, epilogue, splitting: String
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}
