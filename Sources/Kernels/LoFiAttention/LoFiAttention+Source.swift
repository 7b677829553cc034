import Graphs
import Machines

extension LoFiAttention {
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        tile(spec, how, isa).work(
            queries: spec.queries * spec.heads,
            units: spec.heads * max(1, spec.queries / how.rows)
        ).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "lofi_attention/kernel.c",
            operation: "lofi_\(spec.queryTokens.name)x\(spec.keyTokens.name)"
                + "_\(spec.heads)x\(spec.headDim)"
                + "_in\(spec.queryStride)_\(spec.keyStride)_out\(spec.outputStride)"
                + elementSuffix("out", spec.output),
            variant: "\(how.rows)x\(how.keyVectors)_block\(how.block)",
            headers: ["attention_tile.h"],
            fields: [
                ShapeField("heads", spec.heads), ShapeField("head_dim", spec.headDim),
                ShapeField("queries", spec.queries), ShapeField("keys", spec.keys),
                ShapeField("query_stride", spec.queryStride),
                ShapeField("key_stride", spec.keyStride),
                ShapeField("output_stride", spec.outputStride),
            ] + elementFields("output", spec.output),
            rules: spec.queryTokens.rules + spec.keyTokens.rules
        ) { Context(name: $0, spec, how, isa) }
    }

    private struct Context: Sendable {
        let name: String
        let queries, keys: String
        let heads, headDim, queryStride, keyStride, outputStride: Int
        let tileRows, keyVectors, blockPanels, valueVectors: Int
        let flexible: Bool
        let tileHeights: [Int]
        let output: ElementTags

        init(name: String, _ spec: Spec, _ how: Schedule, _ isa: ISA) {
            self.name = name
            (queries, keys) = (spec.queryTokens.text, spec.keyTokens.text)
            (heads, headDim) = (spec.heads, spec.headDim)
            (queryStride, keyStride) = (spec.queryStride, spec.keyStride)
            (outputStride, tileRows) = (spec.outputStride, how.rows)
            (keyVectors, blockPanels) = (how.keyVectors, how.block)
            valueVectors = tile(spec, how, isa).valueVectors
            flexible = spec.queryTokens.isFlexible
            output = ElementTags(spec.output)
            tileHeights = lowTiles(rows: 1, tile: how.rows)
        }
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.queries)x\(spec.keys), \(spec.heads)x\(spec.headDim)",
            tile: "\(how.rows)x\(how.keyVectors * isa.lanes), block \(how.block)")
    }
}
