import Graphs
import Machines

extension WindowAttention {
    /// As Lo-Fi attention, with the tokens of a window gathered and put back.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let tile = tile(spec, how, isa)
        let queries = spec.windows * spec.keys * spec.heads
        var work = tile.work(queries: queries, units: spec.windows * spec.heads)
        work.accesses += 10 * Double(queries) * Double(tile.vectors)
        return work.times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "window_attention/kernel.c", operation: operation(spec),
            variant: "\(how.rows)x\(how.keyVectors)", headers: ["attention_tile.h", "packing.h"],
            fields: mapFields(spec.map) + [
                ShapeField("window", spec.window), ShapeField("shift", spec.shift),
                ShapeField("has_table", spec.hasTable ? 1 : 0), ShapeField("heads", spec.heads),
                ShapeField("head_dim", spec.headDim), ShapeField("input_stride", spec.inputStride),
                ShapeField("output_stride", spec.outputStride),
            ] + elementFields("output", spec.output)
        ) { Context(name: $0, spec, how, isa) }
    }

    private static func operation(_ spec: Spec) -> String {
        "window_attention_\(spec.map)_\(spec.heads)x\(spec.headDim)_window\(spec.window)"
            + (spec.shift > 0 ? "_shift\(spec.shift)" : "") + (spec.hasTable ? "_table" : "")
            + "_in\(spec.inputStride)_out\(spec.outputStride)" + elementSuffix("out", spec.output)
    }

    private struct Context: Sendable {
        let name: String
        let height, width, heads, headDim, window, shift, hasTable, table: Int
        let inputStride, outputStride, tileRows, keyVectors, valueVectors: Int
        let output: ElementTags

        init(name: String, _ spec: Spec, _ how: Schedule, _ isa: ISA) {
            self.name = name
            (height, width) = (spec.map.height, spec.map.width)
            (heads, headDim) = (spec.heads, spec.headDim)
            (window, shift, hasTable) = (spec.window, spec.shift, spec.hasTable ? 1 : 0)
            table = spec.isPadded ? 1 : 0
            (inputStride, outputStride) = (spec.inputStride, spec.outputStride)
            (tileRows, keyVectors) = (how.rows, how.keyVectors)
            output = ElementTags(spec.output)
            valueVectors = WindowAttention.tile(spec, how, isa).valueVectors
        }
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.map), \(spec.heads)x\(spec.headDim), window \(spec.window)"
                + (spec.shift > 0 ? " shifted by \(spec.shift)" : ""),
            tile: "\(how.rows)x\(how.keyVectors * isa.lanes)",
            fused: spec.hasTable ? ["position bias"] : [])
    }
}
