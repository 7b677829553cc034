/// Whether a ConvFFN is fused, and how.
extension CostModel {
    /// nil when separate kernels are better: one kernel reads all weights once a pass, and threads
    /// expand two rows more than they share, which takes large maps to pay.
    public func tiling(for shape: ConvFFN.Shape) -> ConvFFN.Tiling? {
        guard shape.map.count >= Self.leastFusedTokens else { return nil }
        return bestTiling(for: shape)
    }

    /// Measured on LITv2-S: 28x28 tokens gain, 14x14 are equal, 7x7 lose a quarter.
    private static let leastFusedTokens = 384
    /// Tokens of a pass: of more, a panel would not stay in L1.
    private static let mostTokens = 128
    /// Of a wider strip, three rows of a panel would not; narrower ones expand too many columns twice.
    private static let stripWidths = 12...64
    /// Bytes of the hidden map that stay in L2 beside weights and tokens that pass.
    private static let residentBytes = 768 * 1024
    /// Bytes a cycle from beyond L2: weights are fetched ahead, hidden values are waited for.
    private static let fetchedBytes = 96.0
    private static let spilledBytes = 24.0

    private func bestTiling(for shape: ConvFFN.Shape) -> ConvFFN.Tiling {
        let tilings = strips(of: shape.map.width).flatMap { strip in
            (1...max(1, min(shape.map.height, Self.mostTokens / strip))).map { band in
                let rows = bestRows(most: min(mostRows, band * strip)) { tile in
                    let tiling = ConvFFN.Tiling(
                        rows: tile, vectors: Self.vectors, band: band, strip: strip)
                    return halfCycles(shape, tiling)
                }
                return ConvFFN.Tiling(rows: rows, vectors: Self.vectors, band: band, strip: strip)
            }
        }
        // Of equals the first: the widest strips, the lowest bands.
        return tilings.map { (tiling: $0, cost: cost(shape, $0)) }
            .reduce((tiling: tilings[0], cost: Double.infinity)) { $1.cost < $0.cost ? $1 : $0 }
            .tiling
    }

    /// Widths that share the columns evenly, the widest first.
    private func strips(of width: Int) -> [Int] {
        let range = Self.stripWidths
        if width <= range.lowerBound { return [width] }
        var widths: [Int] = []
        for count in 1...(width / range.lowerBound) {
            let strip = (width + count - 1) / count
            if strip != widths.last, range.contains(strip) { widths.append(strip) }
        }
        return widths
    }

    /// Half-cycles of all multiply-adds of one band across the map.
    private func halfCycles(_ shape: ConvFFN.Shape, _ tiling: ConvFFN.Tiling) -> Int {
        let panel = tiling.vectors * isa.lanes
        let expansion = (shape.hidden + panel - 1) / panel * shape.channels
        let contraction = (shape.channels + panel - 1) / panel * shape.hidden
        return tiling.strips(of: shape.map.width).reduce(0) { sum, strip in
            let isWhole = strip.width == shape.map.width
            let (run, runs) = isWhole ? (tiling.band * strip.width, 1) : (strip.width, tiling.band)
            let unit = isWhole ? strip.width : 1
            return sum
                + expansion * cycles(tiling.band * strip.reach, tile: tiling.rows, unit: unit)
                + contraction * cycles(run, tile: tiling.rows, unit: unit) * runs
        }
    }

    /// As `cycles(rows:tile:)`, with the low tiles that the kernel has for multiples of `unit`, and
    /// one more for each tile: the weights that it reads again.
    private func cycles(_ rows: Int, tile: Int, unit: Int) -> Int {
        var rest = rows % tile
        var sum = cycles(rows: rows - rest, tile: tile) + rows / tile
        for height in lowTiles(rows: unit, tile: tile) where rest >= height {
            sum += cycles(rows: height, tile: height) + 1
            rest -= height
        }
        return sum
    }

    /// Cycles of a row of the map, by one thread.
    package func cost(_ shape: ConvFFN.Shape, _ tiling: ConvFFN.Tiling) -> Double {
        let strips = tiling.strips(of: shape.map.width)
        let panels = shape.channels / (tiling.vectors * isa.lanes) + 1
        let weights = 4 * shape.hidden * (2 * shape.channels + 10)
        let kept = 4 * shape.hidden * 2 * strips[0].reach
        let active = 4 * shape.hidden * tiling.band * tiling.strip
        // Kept rows are read and written once, active ones read for each panel of the output.
        let spilled =
            2 * max(0, kept + active - Self.residentBytes)
            + panels * max(0, active - Self.residentBytes)
        let pass = Double(weights) / Self.fetchedBytes + Double(spilled) / Self.spilledBytes
        return (Double(halfCycles(shape, tiling)) / 2 + Double(strips.count) * pass)
            / Double(tiling.band)
    }
}

extension ConvFFN.Tiling {
    /// The strips of a map of `width` columns, and the hidden columns that each of them needs.
    func strips(of width: Int) -> [(width: Int, reach: Int)] {
        stride(from: 0, to: width, by: strip).map { left in
            let right = min(left + strip, width)
            return (right - left, min(right + 1, width) - max(left - 1, 0))
        }
    }
}
