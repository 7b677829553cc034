import Planning

struct ConvFFNSource: KernelSource {
    let kernel: ConvFFN
    init(_ kernel: ConvFFN) { self.kernel = kernel }

    let template = "conv_ffn.c"
    let family = "CONV_FFN"
    var operation: String {
        "conv_ffn_\(kernel.shape.map)_\(kernel.shape.channels)x\(kernel.shape.hidden)"
    }
    var variant: String { "\(kernel.tiling.rows)x\(kernel.tiling.vectors)" }

    func fields(isa: ISA) -> [ShapeField] {
        [
            ShapeField("panel", kernel.tiling.vectors * isa.lanes),
            // The residual sum may be computed in place, like that of a GEMM.
            ShapeField("epilogue", constant: "EPILOGUE_RESIDUAL"),
            ShapeField("height", kernel.shape.map.height),
            ShapeField("width", kernel.shape.map.width),
            ShapeField("channels", kernel.shape.channels),
            ShapeField("hidden", kernel.shape.hidden), ShapeField("scratch", kernel.scratch),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        let shape = kernel.shape
        let panel = kernel.tiling.vectors * isa.lanes
        let expand = shape.hidden.rounded(upTo: panel) * (shape.channels + 1)
        let depthwise = 10 * shape.hidden.rounded(upTo: isa.lanes)
        return Context(
            name: name, height: shape.map.height, width: shape.map.width,
            channels: shape.channels, hidden: shape.hidden, hiddenStride: kernel.hiddenStride,
            tileRows: kernel.tiling.rows, tileVectors: kernel.tiling.vectors,
            depthwiseOffset: expand.rounded(upTo: 16),
            contractOffset: expand.rounded(upTo: 16) + depthwise.rounded(upTo: 16))
    }

    private struct Context {
        let name: String
        let height, width, channels, hidden, hiddenStride: Int
        let tileRows, tileVectors, depthwiseOffset, contractOffset: Int
    }
}
