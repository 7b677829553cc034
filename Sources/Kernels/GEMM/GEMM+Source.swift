import Graphs
import Machines

extension GEMM {
    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "gemm/kernel.c", operation: operation(spec),
            variant: unitPrefix(how.unit) + "\(how.rows)x\(how.vectors)_slab\(how.slab)"
                + (how.depth.map { "_depth\($0)" } ?? "") + "_\(how.split.rawValue)",
            headers: GEMM.headers(how.unit),
            fields: [
                ShapeField("rows", spec.rows), ShapeField("k", spec.k), ShapeField("n", spec.n),
                ShapeField("epilogue", constant: "EPILOGUE_\(spec.epilogue.rawValue.uppercased())"),
                ShapeField("input_stride", spec.inputStride),
                ShapeField("output_stride", spec.outputStride),
            ] + productFields(spec.element, by: spec.matrix)
                + elementFields("output", spec.output)
                + (spec.upsampling.map { fields($0) } ?? []),
            rules: spec.tokens.rules + (spec.upsampling?.coarse.rules ?? [])
        ) { Context(name: $0, spec, how, isa) }
    }

    /// Of the inner loops of a matrix product.
    static let headers = ["epilogue.h", "gemm_tile.h", "packing.h"]

    /// Of those, where a unit multiplies.
    static func headers(_ unit: MatrixUnit?) -> [String] {
        headers + (unit == .tiles ? ["gemm_tiles.h", "tile_unit.h"] : [])
    }

    private static func operation(_ spec: Spec) -> String {
        "gemm" + productSuffix(spec.element, by: spec.matrix)
            + "_\(spec.tokens.name)x\(spec.k)x\(spec.n)"
            + strideSuffix("in", spec.inputStride, dense: spec.k)
            + strideSuffix("out", spec.outputStride, dense: spec.n)
            + elementSuffix("out", spec.output)
            + (spec.epilogue == .none ? "" : "_\(spec.epilogue.rawValue)")
            + (spec.upsampling.map { suffix($0, channels: spec.n) } ?? "")
    }

    private static func suffix(_ upsampling: Upsampling, channels: Int) -> String {
        "_\(upsampling.coarse)_to_\(upsampling.fine)"
            + strideSuffix("coarse", upsampling.stride, dense: channels)
    }

    private static func fields(_ upsampling: Upsampling) -> [ShapeField] {
        mapFields(upsampling.fine) + [
            ShapeField("coarse_height", upsampling.coarse.height),
            ShapeField("coarse_width", upsampling.coarse.width),
            ShapeField("coarse_stride", upsampling.stride),
        ]
    }

    private struct Context: Sendable {
        let name: String
        let rows, macs: String
        let sizes: SizeTags
        /// Maps whose tokens the rows are.
        let mapCount: Int
        let k, n: Int
        let steps, inputWords, outputStride: Int
        let element, matrix, output: ElementTags
        let isUpsampled: Bool
        /// Nil where nothing is upsampled.
        let height, width, coarseHeight, coarseWidth: String?
        let coarseStride: Int?
        let tileRows, tileVectors, tileColumns, slab: Int
        /// Whether there is one, and the words that it takes.
        let unit: Bool
        let words: Int
        /// Whether rows are widened before they are multiplied.
        let isWidened: Bool
        /// Whether an instruction for bf16 multiplies.
        let needsBF16: Bool
        /// Steps that rows take of a slab at a time, and tiles of rows whose sums wait meanwhile; nil where they take all.
        let depth, blockTiles: Int?
        /// The steps that a tile takes, and where widened rows lie.
        let taken, widened: String
        let split: String
        let sharesRows: Bool
        let lowTiles: [Int]
        let formula, epilogue, splitting: String

        init(name: String, _ spec: Spec, _ how: Schedule, _ isa: ISA) {
            self.name = name
            (rows, k, n) = (spec.tokens.text, spec.k, spec.n)
            macs = spec.tokens.numberText(GEMM.macs(spec))
            sizes = SizeTags(spec.tokens, type: "map_sizes", name: "sizes")
            mapCount = spec.tokens.rules.count
            (steps, outputStride) = (spec.steps, spec.outputStride)
            inputWords = spec.inputStride / spec.elementType.perWord
            (element, matrix) = (ElementTags(spec.element), ElementTags(spec.matrix))
            output = ElementTags(spec.output)
            let (fine, coarse) = (spec.upsampling?.fine, spec.upsampling?.coarse)
            isUpsampled = spec.upsampling != nil
            (height, width) = (fine?.heightText, fine?.widthText)
            (coarseHeight, coarseWidth) = (coarse?.heightText, coarse?.widthText)
            coarseStride = spec.upsampling?.stride
            (tileRows, tileVectors, slab) = (how.rows, how.vectors, how.slab)
            tileColumns = how.vectors * isa.lanes
            unit = how.unit != nil
            words = TileUnit.words(of: spec.steps)
            isWidened = isa.widens(spec.elementType, for: how.unit)
            needsBF16 = how.unit == nil && spec.elementType == .bf16 && !isWidened
            depth = how.depth.map(spec.steps(of:))
            blockTiles = depth.map { _ in how.blockTiles(on: isa) }
            taken = depth == nil ? "STEPS" : "DEPTH"
            widened = depth == nil ? "call->scratch" : "widened"
            split = how.split.rawValue
            sharesRows = how.split == .rows
            lowTiles = Kernels.lowTiles(
                rows: spec.tokens.isFlexible ? 1 : spec.rows, tile: how.rows)
            formula = "gemm/formula_\(spec.epilogue.rawValue)"
            epilogue = spec.epilogue.rawValue.uppercased()
            splitting = "gemm/split_\(how.split.rawValue)"
        }
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        let epilogue: [Epilogue: String] = [
            .residual: "residual", .upsampled: "upsampled sum", .gelu: "GELU", .relu: "ReLU",
        ]
        return KernelWords(
            "\(spec.rows)x\(spec.k)x\(spec.n)",
            tile: "\(how.rows)x\(how.vectors * isa.lanes), slab \(how.slab)"
                + (how.depth.map { " of \($0)" } ?? ""),
            split: how.split.rawValue,
            fused: unitWords(how.unit) + (epilogue[spec.epilogue].map { [$0] } ?? [])
                + (spec.matrix.map { ["\($0.rawValue) weights"] } ?? []))
    }
}
