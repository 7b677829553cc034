import Graphs
import Machines

extension GEMM {
    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule> {
        let best = best(spec, setting)
        return Schedules(best: best) { all(spec, setting, best: best) }
    }

    // MARK: The best guess

    /// Bytes of weights that may stay in L2 beside the tokens that pass.
    private static let slabBytes = 256 * 1024
    /// Bytes of rows that caches bring again fast enough for every column of tiles: 3 MB were no slower so than in parts.
    private static let nearRowBytes = 4 * 1024 * 1024
    /// With fewer tiles of rows than this, threads would get unequal shares of them.
    private static let fewTiles = 12
    /// With fewer rows it does not pay that each thread reads all weights.
    private static let fewRows = 64

    private static func best(_ spec: Spec, _ setting: Setting) -> Schedule {
        let isa = setting.isa
        let (unit, vectors, rows) = bestTile(spec, setting)
        let tiles = spec.rows.dividedRoundingUp(by: rows)
        let columns = vectors * isa.lanes
        let depth = unit == nil ? bestDepth(spec, columns: columns) : nil
        let steps = spec.steps(of: depth ?? spec.k)
        return Schedule(
            rows: rows, vectors: vectors,
            slab: max(
                1, min(spec.n.dividedRoundingUp(by: columns), slabBytes / (4 * steps * columns))),
            depth: depth,
            split: tiles < fewTiles || spec.rows < fewRows ? .columns : .rows, unit: unit)
    }

    /// A chain, where the weights of a column of tiles take all of the cache that a slab may, and the rows, which pass
    /// once a slab, come from far away.
    private static func bestDepth(_ spec: Spec, columns: Int) -> Int? {
        let rowBytes = spec.rows * spec.k * spec.elementType.bytes
        let isLong = 4 * spec.steps * columns > slabBytes && spec.k > 2 * chain
        return isLong && spec.n > columns && spec.elementType != .int8 && rowBytes > nearRowBytes
            ? chain : nil
    }

    private static func bestTile(
        _ spec: Spec, _ setting: Setting
    ) -> (unit: MatrixUnit?, vectors: Int, rows: Int) {
        let isa = setting.isa
        if spec.isForTiles(isa) {
            let most = spec.tokens.isFlexible ? TileUnit.mostRows : TileUnit.evenRows(spec.rows)
            return (.tiles, Packing.panelColumns / isa.lanes, most)
        }
        let (vectors, most) = RegisterTile.panel(
            of: spec.elementType, by: spec.matrixType, isa)
        let rows = RegisterTile.bestRows(most: min(most, spec.rows * setting.maxBatch)) {
            RegisterTile.halfCycles(rows: spec.rows, tile: $0, vectors: vectors)
        }
        return (nil, vectors, rows)
    }

    // MARK: All

    private static func all(_ spec: Spec, _ setting: Setting, best: Schedule) -> [Schedule] {
        let estimate = Estimate(spec: spec, setting: setting)
        let depths = best.depth == nil ? [nil] : [nil, chain, 2 * chain]
        let candidates = tiles(spec, setting).flatMap { tile in
            let columns = spec.n.dividedRoundingUp(by: tile.vectors * setting.isa.lanes)
            return panelCounts(upTo: columns, guess: best.slab).flatMap { slab in
                depths.flatMap { depth in
                    Schedule.Split.allCases.map {
                        Schedule(
                            rows: tile.rows, vectors: tile.vectors, slab: slab, depth: depth,
                            split: $0, unit: best.unit)
                    }
                }
            }
        }
        return ranked(candidates, spec, setting.isa, by: { estimate.cost($0) }) {
            [$0.rows, $0.vectors]
        }
    }

    private static func tiles(
        _ spec: Spec, _ setting: Setting
    ) -> [(rows: Int, vectors: Int)] {
        let isa = setting.isa
        if spec.isForTiles(isa) {
            return TileUnit.candidateRows(upTo: spec.rows * setting.maxBatch)
                .map { (rows: $0, vectors: Packing.panelColumns / isa.lanes) }
        }
        return RegisterTile.parts(isa).flatMap { vectors in
            let most = min(
                RegisterTile.mostPanelRows(vectors: vectors, isa), spec.rows * setting.maxBatch)
            return most < 1 ? [] : (1...most).map { (rows: $0, vectors: vectors) }
        }
    }

    /// Orders schedules by what they should cost: the numbers stand for cycles, but only their order
    /// matters.
    private struct Estimate {
        let spec: Spec
        let setting: Setting

        /// What of L2 may hold a slab of weights.
        private static let slabBytes = 512.0 * 1024

        /// The thread with the most work counts.
        func cost(_ how: Schedule) -> Double {
            let width = how.vectors * setting.isa.lanes
            let allRows = spec.rows * setting.batch
            let tiles = allRows.dividedRoundingUp(by: how.rows)
            let byRows = how.split == .rows
            let ownTiles = byRows ? share(tiles) : tiles
            let allColumns = spec.n.dividedRoundingUp(by: width)
            let ownColumns =
                byRows
                ? allColumns
                : min(allColumns, share(spec.panels) * (Packing.panelColumns / width))
            let rest = allRows - (tiles - 1) * how.rows
            let tileCycles =
                Double(ownTiles - 1) * how.step(rows: how.rows)
                + how.step(rows: byRows ? min(how.rows, allRows) : rest)
            let compute = tileCycles * Double(ownColumns * spec.multiplies(on: setting.isa))

            let slab = min(how.slab, ownColumns)
            let passes = Double(ownColumns.dividedRoundingUp(by: slab))
            let inputBytes = Double(ownTiles * how.rows * spec.k * spec.elementType.bytes) * passes
            let weightBytes = Double(4 * spec.steps * ownColumns * width)
            let fits = Double(4 * how.steps(of: spec) * slab * width) <= Self.slabBytes
            let again = Double(max(0, ownTiles - 1)) * weightBytes
            let waiting = Double(
                how.waits(in: spec) * 2 * 4 * ownTiles * how.rows * ownColumns * width)
            return compute + (inputBytes + waiting) / CacheRate.near + weightBytes / CacheRate.far
                + again / (fits ? CacheRate.near : CacheRate.far) / 4
        }

        private func share(_ units: Int) -> Int {
            units.dividedRoundingUp(by: setting.threads)
        }
    }
}

extension GEMM.Spec {
    /// Whether its products go to a unit for tiles.
    func isForTiles(_ isa: ISA) -> Bool {
        TileUnit.serves(elementType, by: matrixType, steps: [steps], isa)
    }
}

extension GEMM.Schedule {
    /// Cycles of a word of so many rows by a panel, or by a part of one.
    fileprivate func step(rows: Int) -> Double {
        unit == .tiles
            ? TileUnit.step(rows: rows) : RegisterTile.step(rows: rows, vectors: vectors)
    }
}
