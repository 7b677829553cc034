import Graphs
import Machines

extension FusedConvFFN {
    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule> {
        let cost = ConvFFNCost(spec: spec, isa: setting.isa)
        // One kernel reads all weights once a pass, and threads expand two rows more than they share,
        // which takes large maps to pay.
        let best = spec.map.count >= leastFusedTokens ? cost.best : nil
        return Schedules(best: best) { all(spec, setting, cost) }
    }

    /// Measured on LITv2-S: 28x28 tokens gain, 14x14 are equal, 7x7 lose a quarter.
    private static let leastFusedTokens = 384

    /// Taller bands and more strips than these have not been seen to win.
    private static let bands = [1, 2, 3, 4, 6, 8, 12, 16]
    private static let stripCounts = [1, 2, 3, 4, 6, 8, 12, 16, 24]

    private static func all(_ spec: Spec, _ setting: Setting, _ cost: ConvFFNCost) -> [Schedule] {
        let best = cost.best
        let bands = Set(bands + [best.band]).filter { $0 <= spec.map.height }.sorted()
        let strips = Set(
            stripCounts.map { spec.map.width.dividedRoundingUp(by: $0) } + [best.strip]
        ).sorted()
        let candidates = tiles(spec, setting.isa).flatMap { rows, vectors in
            bands.flatMap { band in
                strips.map {
                    Schedule(
                        rows: rows, vectors: vectors, band: band, strip: $0, unit: best.unit)
                }
            }
        }
        return ranked(candidates, spec, setting.isa, by: { cost.cycles($0) }) {
            [$0.band, $0.strip]
        }
    }

    private static func tiles(_ spec: Spec, _ isa: ISA) -> [(rows: Int, vectors: Int)] {
        if spec.isForTiles(isa) {
            return TileUnit.candidateRows(upTo: TileUnit.mostRows)
                .map { ($0, Packing.panelColumns / isa.lanes) }
        }
        return RegisterTile.parts(isa).flatMap { vectors in
            (1...(isa.registers / vectors)).map { ($0, vectors) }
        }
    }
}

/// What a fused ConvFFN should cost one thread.
struct ConvFFNCost {
    typealias Schedule = FusedConvFFN.Schedule

    let spec: FusedConvFFN.Spec
    let isa: ISA

    /// Tokens of a pass: of more, a panel would not stay in L1.
    private static let mostTokens = 128
    /// Of a wider strip, three rows of a panel would not; narrower ones expand too many columns twice.
    private static let stripWidths = 12...64
    /// Bytes of the hidden map that stay in L2 beside weights and tokens that pass.
    private static let residentBytes = 768 * 1024
    /// Bytes a cycle from beyond L2: weights are fetched ahead, hidden values are waited for.
    private static let fetchedBytes = 96.0
    private static let spilledBytes = 24.0

    var best: Schedule {
        let unit: MatrixUnit? = spec.isForTiles(isa) ? .tiles : nil
        let (vectors, most) =
            unit == .tiles
            ? (Packing.panelColumns / isa.lanes, TileUnit.mostRows)
            : RegisterTile.panel(of: spec.element ?? .f32, by: spec.matrix ?? .f32, isa)
        let schedules = strips(of: spec.map.width).flatMap { strip in
            (1...max(1, min(spec.map.height, Self.mostTokens / strip))).map { band in
                func schedule(rows: Int) -> Schedule {
                    Schedule(rows: rows, vectors: vectors, band: band, strip: strip, unit: unit)
                }
                let rows = RegisterTile.bestRows(most: min(most, band * strip)) {
                    halfCycles(schedule(rows: $0))
                }
                return schedule(rows: rows)
            }
        }
        // Of equals the first: the widest strips, the lowest bands.
        return schedules.map { (schedule: $0, cost: cycles($0)) }
            .reduce((schedule: schedules[0], cost: Double.infinity)) { $1.cost < $0.cost ? $1 : $0 }
            .schedule
    }

    /// Widths that share the columns evenly, the widest first.
    private func strips(of width: Int) -> [Int] {
        let range = Self.stripWidths
        if width <= range.lowerBound { return [width] }
        var widths: [Int] = []
        for count in 1...(width / range.lowerBound) {
            let strip = width.dividedRoundingUp(by: count)
            if strip != widths.last, range.contains(strip) { widths.append(strip) }
        }
        return widths
    }

    /// Half-cycles of all multiply-adds of one band across the map.
    private func halfCycles(_ how: Schedule) -> Int {
        let panel = how.vectors * isa.lanes
        let expansion = spec.hidden.dividedRoundingUp(by: panel) * spec.channels
        let contraction = spec.channels.dividedRoundingUp(by: panel) * spec.hidden
        return how.strips(of: spec.map.width).reduce(0) { sum, strip in
            let isWhole = strip.width == spec.map.width
            let (run, runs) = isWhole ? (how.band * strip.width, 1) : (strip.width, how.band)
            let unit = isWhole ? strip.width : 1
            return sum
                + expansion * tiles(how.band * strip.reach, how, unit: unit)
                + contraction * tiles(run, how, unit: unit) * runs
        }
    }

    /// Half-cycles of `rows`, with the low tiles that the kernel has for multiples of `unit`, and one
    /// more for each tile: the weights that it reads again.
    private func tiles(_ rows: Int, _ how: Schedule, unit: Int) -> Int {
        if how.unit == .tiles {
            // Sums of a square are stored and loaded again; its rows take an eighth of a vector's time.
            let squares = rows.dividedRoundingUp(by: how.rows)
            return (rows + TileUnit.mostRows * squares) / 8
        }
        func cost(_ rows: Int, tile: Int) -> Int {
            RegisterTile.halfCycles(rows: rows, tile: tile, vectors: how.vectors) + rows / tile
        }
        var rest = rows % how.rows
        var sum = cost(rows - rest, tile: how.rows)
        for height in lowTiles(rows: unit, tile: how.rows) where rest >= height {
            sum += cost(height, tile: height)
            rest -= height
        }
        return sum
    }

    /// Cycles of a row of the map.
    func cycles(_ how: Schedule) -> Double {
        let strips = how.strips(of: spec.map.width)
        let panels = spec.channels / (how.vectors * isa.lanes) + 1
        let taps = 4 * DepthwiseGELU.weightRows(spec.element)
        let weights = spec.hidden * (2 * spec.matrixBytes * spec.channels + taps)
        let kept = 4 * spec.hidden * 2 * strips[0].reach
        let bytes = spec.elementBytes * (spec.isWidened(how, isa) ? 2 : 1)
        let active = bytes * spec.hidden * how.band * how.strip
        // Kept rows are read and written once, active ones read for each panel of the output.
        let spilled =
            2 * max(0, kept + active - Self.residentBytes)
            + panels * max(0, active - Self.residentBytes)
        let pass = Double(weights) / Self.fetchedBytes + Double(spilled) / Self.spilledBytes
        return (Double(halfCycles(how)) / 2 + Double(strips.count) * pass) / Double(how.band)
    }
}

extension FusedConvFFN.Spec {
    /// Whether hidden channels fill panels, so that products take the same words of each group.
    var hasWholeGroups: Bool { hidden % Packing.panelColumns == 0 }

    /// Whether its products go to a unit for tiles.
    func isForTiles(_ isa: ISA) -> Bool {
        hasWholeGroups && TileUnit.serves(element ?? .f32, by: matrix ?? .f32, steps: steps, isa)
    }
}

extension FusedConvFFN.Schedule {
    /// The strips of a map of `width` columns, and the hidden columns that each of them needs: one
    /// more on either side.
    func strips(of width: Int) -> [(width: Int, reach: Int)] {
        stride(from: 0, to: width, by: strip).map { left in
            let right = min(left + strip, width)
            return (right - left, min(right + 1, width) - max(left - 1, 0))
        }
    }
}
