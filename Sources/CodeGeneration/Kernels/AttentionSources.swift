import Planning

struct HiFiAttentionSource: KernelSource {
    let kernel: HiFiAttention
    init(_ kernel: HiFiAttention) { self.kernel = kernel }

    let template = "hifi_attention.c"
    let family = "HIFI_ATTENTION"
    let variant = ""
    var operation: String {
        "hifi_\(kernel.map)_\(kernel.heads)x\(kernel.headDim)_window\(kernel.window)"
            + "_in\(kernel.inputStride)_out\(kernel.outputStride)"
            + (kernel.bias.map { "_bias\($0)" } ?? "")
    }
    func fields(isa: ISA) -> [ShapeField] {
        [
            ShapeField("height", kernel.map.height), ShapeField("width", kernel.map.width),
            ShapeField("window", kernel.window), ShapeField("heads", kernel.heads),
            ShapeField("head_dim", kernel.headDim), ShapeField("input_stride", kernel.inputStride),
            ShapeField("output_stride", kernel.outputStride), ShapeField("bias", kernel.bias ?? 0),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        Context(
            name: name, height: kernel.map.height, width: kernel.map.width, heads: kernel.heads,
            headDim: kernel.headDim, window: kernel.window, inputStride: kernel.inputStride,
            outputStride: kernel.outputStride, bias: kernel.bias ?? 0)
    }

    private struct Context {
        let name: String
        let height, width, heads, headDim, window, inputStride, outputStride, bias: Int
    }
}

struct LoFiAttentionSource: KernelSource {
    let kernel: LoFiAttention
    init(_ kernel: LoFiAttention) { self.kernel = kernel }

    let template = "lofi_attention.c"
    let family = "LOFI_ATTENTION"
    var variant: String {
        "\(kernel.tiling.rows)x\(kernel.tiling.keyVectors)_block\(kernel.tiling.block)"
    }
    var operation: String {
        let shape = kernel.shape
        return "lofi_\(shape.queries)x\(shape.keys)_\(shape.heads)x\(shape.headDim)"
            + "_in\(shape.queryStride)_\(shape.keyStride)_out\(shape.outputStride)"
    }
    func fields(isa: ISA) -> [ShapeField] {
        let shape = kernel.shape
        return [
            ShapeField("heads", shape.heads), ShapeField("head_dim", shape.headDim),
            ShapeField("queries", shape.queries), ShapeField("keys", shape.keys),
            ShapeField("input_stride", shape.queryStride),
            ShapeField("second_stride", shape.keyStride),
            ShapeField("output_stride", shape.outputStride),
            ShapeField("scratch", kernel.scratch(lanes: isa.lanes)),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        let shape = kernel.shape
        return Context(
            name: name, queries: shape.queries, keys: shape.keys, heads: shape.heads,
            headDim: shape.headDim, queryStride: shape.queryStride, keyStride: shape.keyStride,
            outputStride: shape.outputStride, tileRows: kernel.tiling.rows,
            keyVectors: kernel.tiling.keyVectors, blockPanels: kernel.tiling.block,
            valueVectors: kernel.valueVectors(isa: isa))
    }

    private struct Context {
        let name: String
        let queries, keys, heads, headDim, queryStride, keyStride, outputStride: Int
        let tileRows, keyVectors, blockPanels, valueVectors: Int
    }
}
