import Machines

extension LoFiAttention {
    /// Scores are one matrix product and the weighted values another, of tiles as high and about as
    /// wide; each score is stored, made a weight and loaded again.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let width = how.keyVectors * isa.lanes
        let keys = Double((spec.keys + width - 1) / width * width) / Double(isa.lanes)
        let scores = Double(spec.queries * spec.heads) * keys
        let dim = Double(spec.headDim)
        let values = (dim / Double(isa.lanes)).rounded(.up) * Double(spec.keys)
        let fmas = scores * dim + Double(spec.queries * spec.heads) * values
        return Work(
            fmas: fmas, operations: scores * (Work.exponential + 4),
            accesses: fmas * (1 / Double(how.rows) + 1 / Double(how.keyVectors)),
            units: spec.heads * max(1, spec.queries / how.rows)
        ).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "lofi_attention/kernel.c",
            operation: "lofi_\(spec.queries)x\(spec.keys)_\(spec.heads)x\(spec.headDim)"
                + "_in\(spec.queryStride)_\(spec.keyStride)_out\(spec.outputStride)",
            variant: "\(how.rows)x\(how.keyVectors)_block\(how.block)",
            headers: ["attention_tile.h"],
            fields: [
                ShapeField("heads", spec.heads), ShapeField("head_dim", spec.headDim),
                ShapeField("queries", spec.queries), ShapeField("keys", spec.keys),
                ShapeField("query_stride", spec.queryStride),
                ShapeField("key_stride", spec.keyStride),
                ShapeField("output_stride", spec.outputStride),
            ]
        ) { name in
            Context(
                name: name, queries: spec.queries, keys: spec.keys, heads: spec.heads,
                headDim: spec.headDim, queryStride: spec.queryStride, keyStride: spec.keyStride,
                outputStride: spec.outputStride, tileRows: how.rows, keyVectors: how.keyVectors,
                blockPanels: how.block, valueVectors: valueVectors(spec, how, isa))
        }
    }

    private struct Context: Sendable {
        let name: String
        let queries, keys, heads, headDim, queryStride, keyStride, outputStride: Int
        let tileRows, keyVectors, blockPanels, valueVectors: Int
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.queries)x\(spec.keys), \(spec.heads)x\(spec.headDim)",
            tile: "\(how.rows)x\(how.keyVectors * isa.lanes), block \(how.block)")
    }
}
