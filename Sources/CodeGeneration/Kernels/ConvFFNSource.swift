import Planning

struct ConvFFNSource: KernelSource {
    let kernel: ConvFFN
    init(_ kernel: ConvFFN) { self.kernel = kernel }

    let template = "conv_ffn.c"
    let family = "CONV_FFN"
    var operation: String {
        "conv_ffn_\(kernel.shape.map)_\(kernel.shape.channels)x\(kernel.shape.hidden)"
    }
    var variant: String {
        let tiling = kernel.tiling
        return "\(tiling.rows)x\(tiling.vectors)_band\(tiling.band)_strip\(tiling.strip)"
    }

    func fields(isa: ISA) -> [ShapeField] {
        [
            ShapeField("panel", kernel.tiling.vectors * isa.lanes),
            // The residual sum may be computed in place, like that of a GEMM.
            ShapeField("epilogue", constant: "EPILOGUE_RESIDUAL"),
            ShapeField("height", kernel.shape.map.height),
            ShapeField("width", kernel.shape.map.width),
            ShapeField("channels", kernel.shape.channels),
            ShapeField("hidden", kernel.shape.hidden),
            ShapeField("scratch", kernel.scratch(lanes: isa.lanes)),
        ]
    }

    func context(name: String, isa: ISA) -> Any {
        let shape = kernel.shape
        let tiling = kernel.tiling
        let panel = tiling.vectors * isa.lanes
        let expand = shape.hidden.rounded(upTo: panel) * (shape.channels + 1)
        let depthwise = 10 * shape.hidden.rounded(upTo: isa.lanes)
        return Context(
            name: name, height: shape.map.height, width: shape.map.width,
            channels: shape.channels, hidden: shape.hidden, band: tiling.band,
            strip: tiling.strip, tileRows: tiling.rows, tileVectors: tiling.vectors,
            // Whole rows of the map, or any part of one.
            lowTiles: lowTiles(
                rows: tiling.strip == shape.map.width ? tiling.strip : 1, tile: tiling.rows),
            depthwiseOffset: expand.rounded(upTo: 16),
            contractOffset: expand.rounded(upTo: 16) + depthwise.rounded(upTo: 16))
    }

    private struct Context {
        let name: String
        let height, width, channels, hidden, band, strip: Int
        let tileRows, tileVectors: Int
        let lowTiles: [Int]
        let depthwiseOffset, contractOffset: Int
    }
}
