import Graphs
import Machines

extension DirectConvolution {
    /// Of K behind each other: so much of a panel fits the nearest cache with what it meets. The same
    /// in all schedules, so that bits are.
    static let depth = 192

    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "convolution/kernel.c", operation: operation(spec),
            variant:
                "\(how.rows)x\(how.vectors)_block\(how.height)x\(how.width)_panels\(how.panels)",
            headers: GEMM.headers, fields: fields(spec), rules: spec.maps.rules
        ) { Context(name: $0, spec, how, isa) }
    }

    private static func operation(_ spec: Spec) -> String {
        "conv3x3_\(spec.maps)_\(spec.channels)x\(spec.outputs)"
            + (spec.stride == 1 ? "" : "_stride\(spec.stride)")
            + strideSuffix("in", spec.inputStride, dense: spec.channels)
            + strideSuffix("out", spec.outputStride, dense: spec.outputs)
            + (spec.isRectified ? "_relu" : "")
    }

    private static func fields(_ spec: Spec) -> [ShapeField] {
        mapListFields(spec.maps) + [
            ShapeField("stride", spec.stride), ShapeField("channels", spec.channels),
            ShapeField("n", spec.outputs), ShapeField("is_rectified", spec.isRectified ? 1 : 0),
            ShapeField("input_stride", spec.inputStride),
            ShapeField("output_stride", spec.outputStride),
        ]
    }

    private struct Context: Sendable {
        let name, formula, epilogue: String
        let copies: Int?
        let copyCount, mapCount, channels, outputs, stride: Int
        let macs: String
        let inputStride, outputStride, inputTokens, outputTokens: Int
        let sizes: SizeTags
        let maps: [Blocks.Map]
        let blocks, blockHeight, blockWidth, groupPanels, depth: Int
        let tileRows, tileVectors, tileColumns: Int
        /// Heights of tiles.
        let heights: [Int]

        init(name: String, _ spec: Spec, _ how: Schedule, _ isa: ISA) {
            self.name = name
            epilogue = spec.isRectified ? "RELU" : "NONE"
            formula = spec.isRectified ? "max(s[n], 0)" : "s[n]"
            copyCount = spec.maps.copies
            copies = copyCount == 1 ? nil : copyCount
            mapCount = spec.maps.maps.count
            (channels, outputs, stride) = (spec.channels, spec.outputs, spec.stride)
            macs = spec.maps.maps[0].numberText(DirectConvolution.macs(spec))
            sizes = SizeTags(spec.maps.maps, type: "const token_maps *", name: "maps")
            (inputStride, outputStride) = (spec.inputStride, spec.outputStride)
            inputTokens = spec.maps.count / copyCount
            outputTokens = spec.outputMaps.count / copyCount
            let cut = Blocks(spec, how)
            (maps, blocks) = (cut.maps, cut.count)
            (blockHeight, blockWidth) = (cut.height, cut.width)
            (groupPanels, depth) = (how.panels, DirectConvolution.depth)
            (tileRows, tileVectors) = (how.rows, how.vectors)
            tileColumns = how.vectors * isa.lanes
            heights =
                sizes.flexible
                ? Array(1...how.rows)
                : Set(
                    cut.maps.flatMap(\.stripWidths).flatMap { tiles(ofWidth: $0, most: how.rows) }
                ).sorted()
        }
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.maps), 9x\(spec.channels)x\(spec.outputs)",
            tile: "\(how.rows)x\(how.vectors * isa.lanes), \(how.height)x\(how.width) tokens",
            split: how.panels < spec.panels ? "blocks, \(how.panels) panels" : "blocks",
            fused: spec.isRectified ? ["ReLU"] : [])
    }
}

/// Of the struct of a case with a list of maps.
func mapListFields(_ maps: MapList) -> [ShapeField] {
    [
        ShapeField("maps", maps.maps.count), ShapeField("copies", maps.copies),
        ShapeField("heights", list: maps.maps.map(\.height)),
        ShapeField("widths", list: maps.maps.map(\.width)),
    ]
}
