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
            split: tiling.split.rawValue, sharesRows: tiling.split == .rows,
            lowTiles: lowTiles(rows: shape.rows, tile: tiling.rows),
            formula: "gemm_formula_\(shape.epilogue.rawValue)",
            epilogue: shape.epilogue.rawValue.uppercased(),
            splitting: "gemm_split_\(tiling.split.rawValue)")
    }

    private struct Context {
        let name: String
        let rows, k, n, macs: Int
        let inputStride, outputStride: Int
        let tileRows, tileVectors, panel, slab: Int
        let split: String
        let sharesRows: Bool
        let lowTiles: [Int]
        let formula, epilogue, splitting: String
    }
}
