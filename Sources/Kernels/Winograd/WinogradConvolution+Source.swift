import Graphs
import Machines

extension WinogradConvolution {
    /// Of channels behind each other: so much of a panel fits the nearest cache with what it meets.
    /// Chains of 256 have 1.5 times the error. The same in all schedules, so that bits are.
    static let depth = 128

    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "winograd/kernel.c", operation: operation(spec),
            variant: "\(how.rows)x\(how.vectors)_block\(how.tiles)_panels\(how.panels)",
            headers: GEMM.headers, fields: fields(spec), rules: spec.maps.rules
        ) { Context(name: $0, spec, how, isa) }
    }

    private static func operation(_ spec: Spec) -> String {
        "winograd_\(spec.form.rawValue)_\(spec.maps)_\(spec.channels)x\(spec.outputs)"
            + strideSuffix("in", spec.inputStride, dense: spec.channels)
            + strideSuffix("out", spec.outputStride, dense: spec.outputs)
            + (spec.isRectified ? "_relu" : "")
    }

    private static func fields(_ spec: Spec) -> [ShapeField] {
        mapListFields(spec.maps) + [
            ShapeField("output_side", spec.form.outputSide), ShapeField("channels", spec.channels),
            ShapeField("n", spec.outputs), ShapeField("is_rectified", spec.isRectified ? 1 : 0),
            ShapeField("input_stride", spec.inputStride),
            ShapeField("output_stride", spec.outputStride),
        ]
    }

    /// A map, tiles of one of its rows, and tiles and tokens of the maps before it.
    private struct Map: Sendable {
        let height, width, across, tile, token: Int

        static func all(_ spec: Spec) -> [Map] {
            let side = spec.form.outputSide
            var (maps, tile, token) = ([Map](), 0, 0)
            for map in spec.maps.maps {
                let tiles = map.fixed.dividedRoundingUp(by: side)
                maps.append(
                    Map(
                        height: map.height, width: map.width, across: tiles.width, tile: tile,
                        token: token))
                tile += tiles.count
                token += map.count
            }
            return maps
        }
    }

    private struct Context: Sendable {
        let name, formula, transforms: String
        let isRectified: Bool
        let copies: Int?
        let copyCount, mapCount, channels, outputs: Int
        let macs, directMacs: String
        let sizes: SizeTags
        let inputStride, outputStride, tokens, tiles: Int
        let maps: [Map]
        let outputSide, side, points: Int
        let blockTiles, groupPanels, depth, tileRows, tileVectors, tileColumns: Int

        init(name: String, _ spec: Spec, _ how: Schedule, _ isa: ISA) {
            self.name = name
            isRectified = spec.isRectified
            formula = spec.isRectified ? "max(s[n], 0)" : "s[n]"
            transforms = "winograd/transform_\(spec.form.rawValue)"
            copyCount = spec.maps.copies
            copies = copyCount == 1 ? nil : copyCount
            mapCount = spec.maps.maps.count
            (channels, outputs) = (spec.channels, spec.outputs)
            let first = spec.maps.maps[0]
            macs = first.numberText(WinogradConvolution.macs(spec))
            directMacs = first.numberText(9 * spec.maps.count * spec.channels * spec.outputs)
            sizes = SizeTags(spec.maps.maps, type: "const token_maps *", name: "maps")
            (inputStride, outputStride) = (spec.inputStride, spec.outputStride)
            (tokens, tiles) = (spec.maps.count / copyCount, spec.tiles / copyCount)
            maps = Map.all(spec)
            (outputSide, side, points) = (spec.form.outputSide, spec.form.side, spec.form.points)
            (blockTiles, groupPanels) = (how.filledTiles, how.panels)
            depth = WinogradConvolution.depth
            (tileRows, tileVectors) = (how.rows, how.vectors)
            tileColumns = how.vectors * isa.lanes
        }
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        let side = spec.form.outputSide
        return KernelWords(
            "F(\(side)x\(side)) \(spec.maps), 9x\(spec.channels)x\(spec.outputs)",
            tile: "\(how.rows)x\(how.vectors * isa.lanes), \(how.tiles) tiles",
            split: how.panels < spec.panels ? "blocks, \(how.panels) panels" : "blocks",
            fused: spec.isRectified ? ["ReLU"] : [])
    }
}
