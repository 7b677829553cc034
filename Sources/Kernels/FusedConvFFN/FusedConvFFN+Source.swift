import Graphs
import Machines

extension FusedConvFFN {
    /// Two products as a GEMM does them and a depthwise convolution between them; the weights pass
    /// once a band of a strip, the hidden values are written and read twice in L2.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let width = how.vectors * isa.lanes
        let expansion =
            spec.hidden.dividedRoundingUp(by: width) * spec.multiplies(spec.channels, on: isa)
        let contraction =
            spec.channels.dividedRoundingUp(by: width) * spec.multiplies(spec.hidden, on: isa)
        let strips = how.strips(of: spec.map.width)
        func steps(_ cost: (Int) -> Int) -> Double {
            func tiles(_ rows: Int) -> Double {
                Double(RegisterTile.sum(over: rows, tile: how.rows) { $0 * cost($1) })
            }
            let band = strips.reduce(0.0) {
                $0 + Double(expansion) * tiles(how.band * $1.reach)
                    + Double(contraction) * tiles(how.band * $1.width)
            }
            return band * Double(spec.map.height * batch) / Double(how.band)
        }
        let passes = spec.map.height.dividedRoundingUp(by: how.band) * strips.count * batch
        let tokens = spec.map.count * batch
        let hidden = vectors(rows: tokens, channels: spec.hidden, lanes: isa.lanes)
        let moved =
            passes * (expansion + contraction) * width
            + tokens * (4 * spec.hidden + 3 * spec.channels)
        return Work(
            fmas: (how.unit == nil
                ? steps { max($0 * how.vectors, 8) } : steps { max($0, 8) } * TileUnit.fmas)
                + 9 * hidden,
            operations: (Work.gelu(on: isa) + 1) * hidden,
            accesses: (how.unit == nil
                ? steps { $0 + how.vectors } : steps { $0 + TileUnit.mostRows } / 16)
                + 16 * hidden,
            l2Bytes: 4 * Double(moved),
            units: spec.map.height * strips.count * batch)
    }

    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "conv_ffn/kernel.c",
            operation: "conv_ffn" + productSuffix(spec.element, by: spec.matrix)
                + "_\(spec.map)_\(spec.channels)x\(spec.hidden)",
            variant: unitPrefix(how.unit)
                + "\(how.rows)x\(how.vectors)_band\(how.band)_strip\(how.strip)",
            headers: GEMM.headers(how.unit) + ["depthwise_row.h"],
            fields: mapFields(spec.map, spec.channels) + [ShapeField("hidden", spec.hidden)]
                + productFields(spec.element, by: spec.matrix),
            rules: spec.map.rules
        ) { Context(name: $0, spec, how, isa) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width: String
        let channels, hidden, band, strip: Int
        let tileRows, tileVectors: Int
        /// Whether there is one, and the words that it takes of tokens and of hidden channels.
        let unit: Bool
        let expandWords, contractWords, together: Int
        /// Whether what enters products is widened first.
        let isWidened: Bool
        /// Whether an instruction for bf16 multiplies.
        let needsBF16: Bool
        let lowTiles: [Int]
        let sizes: SizeTags
        let element, matrix: ElementTags

        init(name: String, _ spec: Spec, _ how: Schedule, _ isa: ISA) {
            self.name = name
            (height, width) = (spec.map.heightText, spec.map.widthText)
            sizes = SizeTags(spec.map)
            (element, matrix) = (ElementTags(spec.element), ElementTags(spec.matrix))
            (channels, hidden) = (spec.channels, spec.hidden)
            (band, strip, tileRows, tileVectors) = (how.band, how.strip, how.rows, how.vectors)
            unit = how.unit != nil
            (expandWords, contractWords) = (
                TileUnit.words(of: spec.steps[0]), TileUnit.words(of: spec.steps[1])
            )
            together = spec.groupsTogether
            isWidened = spec.isWidened(how, isa)
            needsBF16 = how.unit == nil && spec.element == .bf16 && !isWidened
            // Whole rows of the map, or any part of one.
            lowTiles = Kernels.lowTiles(
                rows: how.strip == spec.map.width && !spec.map.isFlexible ? how.strip : 1,
                tile: how.rows)
        }
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.map), \(spec.channels)x\(spec.hidden)",
            tile: "\(how.rows)x\(how.vectors * isa.lanes), \(how.band)x\(how.strip) tokens",
            split: "rows",
            fused: unitWords(how.unit) + [
                "expansion", "depthwise", "GELU", "contraction", "residual",
            ])
    }
}
