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
    /// With fewer tiles of rows than this, threads would get unequal shares of them.
    private static let fewTiles = 12

    private static func best(_ spec: Spec, _ setting: Setting) -> Schedule {
        let isa = setting.isa
        let most = RegisterTile.mostRows(isa)
        let rows = RegisterTile.bestRows(most: min(most, spec.rows * setting.maxBatch)) {
            RegisterTile.halfCycles(rows: spec.rows, tile: $0)
        }
        let tiles = spec.rows.dividedRoundingUp(by: rows)
        return Schedule(
            rows: rows, vectors: RegisterTile.vectors,
            slab: max(1, min(spec.panels, slabBytes / spec.panelBytes)),
            split: tiles < fewTiles ? .columns : .rows)
    }

    // MARK: All

    private static func all(_ spec: Spec, _ setting: Setting, best: Schedule) -> [Schedule] {
        let estimate = Estimate(spec: spec, setting: setting)
        let slabs = panelCounts(upTo: spec.panels, guess: best.slab)
        let candidates = tiles(spec, setting).flatMap { tile in
            slabs.flatMap { slab in
                Schedule.Split.allCases.map {
                    Schedule(rows: tile.rows, vectors: tile.vectors, slab: slab, split: $0)
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
        return RegisterTile.parts(isa).flatMap { vectors in
            let most = min(
                RegisterTile.mostRows(vectors: vectors, isa), spec.rows * setting.maxBatch)
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
            let parts = Packing.panelColumns / (how.vectors * setting.isa.lanes)
            let allRows = spec.rows * setting.batch
            let tiles = allRows.dividedRoundingUp(by: how.rows)
            let byRows = how.split == .rows
            let ownTiles = byRows ? share(tiles) : tiles
            let ownPanels = byRows ? spec.panels : share(spec.panels)
            let rest = allRows - (tiles - 1) * how.rows
            let tileCycles =
                Double(ownTiles - 1) * RegisterTile.step(rows: how.rows, vectors: how.vectors)
                + RegisterTile.step(
                    rows: byRows ? min(how.rows, allRows) : rest, vectors: how.vectors)
            let compute = tileCycles * Double(ownPanels * parts * spec.k)

            let panelBytes = Double(spec.panelBytes)
            let slab = min(how.slab, ownPanels)
            let passes = Double(ownPanels.dividedRoundingUp(by: slab))
            let inputBytes = Double(ownTiles * how.rows * spec.k * 4) * passes
            let weightBytes = Double(ownPanels) * panelBytes
            let fits = Double(slab) * panelBytes <= Self.slabBytes
            let again = Double(max(0, ownTiles - 1)) * weightBytes
            return compute + inputBytes / CacheRate.near + weightBytes / CacheRate.far
                + again / (fits ? CacheRate.near : CacheRate.far) / 4
        }

        private func share(_ units: Int) -> Int {
            units.dividedRoundingUp(by: setting.threads)
        }
    }
}
