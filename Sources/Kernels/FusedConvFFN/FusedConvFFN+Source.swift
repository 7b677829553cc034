import Graphs
import Machines

extension FusedConvFFN {
    /// Two products as a GEMM does them and a depthwise convolution between them; the weights pass
    /// once a band of a strip, the hidden values are written and read twice in L2.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let width = how.vectors * isa.lanes
        func panels(_ columns: Int) -> Int { (columns + width - 1) / width }
        let expansion = panels(spec.hidden) * spec.channels
        let contraction = panels(spec.channels) * spec.hidden
        let strips = how.strips(of: spec.map.width)
        func steps(_ cost: (Int) -> Int) -> Double {
            func tiles(_ rows: Int) -> Double {
                let (full, rest) = (rows / how.rows, rows % how.rows)
                return Double(full * cost(how.rows) + (rest > 0 ? cost(rest) : 0))
            }
            let band = strips.reduce(0.0) {
                $0 + Double(expansion) * tiles(how.band * $1.reach)
                    + Double(contraction) * tiles(how.band * $1.width)
            }
            return band * Double(spec.map.height * batch) / Double(how.band)
        }
        let passes = (spec.map.height + how.band - 1) / how.band * strips.count * batch
        let tokens = spec.map.count * batch
        let hidden = Double(tokens * ((spec.hidden + isa.lanes - 1) / isa.lanes))
        let moved =
            passes * (expansion + contraction) * width
            + tokens * (4 * spec.hidden + 3 * spec.channels)
        return Work(
            fmas: steps { max($0 * how.vectors, 8) } + 9 * hidden,
            operations: (Work.gelu + 1) * hidden,
            accesses: steps { $0 + how.vectors } + 16 * hidden, l2Bytes: 4 * Double(moved),
            units: spec.map.height * strips.count * batch)
    }

    public static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "conv_ffn/kernel.c",
            operation: "conv_ffn_\(spec.map)_\(spec.channels)x\(spec.hidden)",
            variant: "\(how.rows)x\(how.vectors)_band\(how.band)_strip\(how.strip)",
            headers: GEMM.headers + ["depthwise_row.h"],
            fields: [
                ShapeField("height", spec.map.height), ShapeField("width", spec.map.width),
                ShapeField("channels", spec.channels), ShapeField("hidden", spec.hidden),
            ]
        ) { Context(name: $0, spec, how, isa) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width, channels, hidden, band, strip: Int
        let tileRows, tileVectors: Int
        let lowTiles: [Int]

        init(name: String, _ spec: Spec, _ how: Schedule, _ isa: ISA) {
            self.name = name
            (height, width) = (spec.map.height, spec.map.width)
            (channels, hidden) = (spec.channels, spec.hidden)
            (band, strip, tileRows, tileVectors) = (how.band, how.strip, how.rows, how.vectors)
            // Whole rows of the map, or any part of one.
            lowTiles = Kernels.lowTiles(
                rows: how.strip == spec.map.width ? how.strip : 1, tile: how.rows)
        }
    }

    public static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.map), \(spec.channels)x\(spec.hidden)",
            tile: "\(how.rows)x\(how.vectors * isa.lanes), \(how.band)x\(how.strip) tokens",
            split: "rows", fused: ["expansion", "depthwise", "GELU", "contraction", "residual"])
    }
}
