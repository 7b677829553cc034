import Graphs
import Machines

extension WinogradConvolution {
    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule> {
        Schedules(best: best(spec, setting)) { all(spec, setting) }
    }

    private static func best(_ spec: Spec, _ setting: Setting) -> Schedule {
        let isa = setting.isa
        let vectors = RegisterTile.wholePanel(isa)
        let most = RegisterTile.mostPanelRows(vectors: vectors, isa)
        return candidates(spec, setting, vectors: vectors, rows: most...most)
            .map { (schedule: $0, cost: cost(spec, $0, setting)) }.min { $0.cost < $1.cost }!
            .schedule
    }

    private static func all(_ spec: Spec, _ setting: Setting) -> [Schedule] {
        let isa = setting.isa
        let found = RegisterTile.parts(isa).flatMap { vectors in
            let most = RegisterTile.mostPanelRows(vectors: vectors, isa)
            let rows = most / 2 + 1...max(most, most / 2 + 1)
            return candidates(spec, setting, vectors: vectors, rows: rows)
        }
        return ranked(found, spec, isa, by: { cost(spec, $0, setting) }) {
            [$0.rows, $0.vectors, $0.tiles]
        }
    }

    /// Tiles of a block to choose from, at most.
    private static let blocks = [8, 12, 16, 18, 21, 24, 28, 32, 48, 64, 96]

    private static func candidates(
        _ spec: Spec, _ setting: Setting, vectors: Int, rows: ClosedRange<Int>
    ) -> [Schedule] {
        let all = spec.tiles * setting.batch
        let panels = panelCounts(upTo: spec.panels, guess: spec.panels)
        return rows.flatMap { rows in
            // Blocks of equal size, in whole tiles of sums.
            let sizes = blocks.map {
                all.dividedRoundingUp(by: all.dividedRoundingUp(by: $0)).rounded(upTo: rows)
            }
            return Set(sizes).sorted().flatMap { tiles in
                panels.map { Schedule(rows: rows, vectors: vectors, tiles: tiles, panels: $0) }
            }
        }
    }

    /// Bytes of a transformed input or of products that stay in L2, and in a thread's part of L3.
    private static let residentBytes = 320.0 * 1024
    private static let sharedBytes = 1024.0 * 1024
    /// Bytes a cycle of what is fetched ahead.
    private static let fetchedBytes = 24.0

    /// Cycles of the thread with the most work, for orders of schedules.
    private static func cost(_ spec: Spec, _ how: Schedule, _ setting: Setting) -> Double {
        let all = spec.tiles * setting.batch
        let blocks = all.dividedRoundingUp(by: how.filledTiles)
        let groups = spec.panels.dividedRoundingUp(by: how.panels)
        let (points, tiles) = (Double(spec.form.points), Double(how.filledTiles))
        let parts = Double(Packing.panelColumns / (how.vectors * setting.isa.lanes))
        let step = RegisterTile.step(rows: how.rows, vectors: how.vectors)
        let panels = Double(spec.panels) / Double(groups)
        let steps = points * tiles / Double(how.rows) * Double(spec.channels)
        let products = steps * step * panels * parts
        let input = 4 * points * tiles * Double(spec.channels)
        let output = 4 * points * tiles * panels * Double(Packing.panelColumns)
        func moved(_ bytes: Double) -> Double {
            if bytes <= residentBytes { return bytes / CacheRate.near }
            return bytes / (bytes <= sharedBytes ? CacheRate.far : CacheRate.far / 4)
        }
        let weights = 4 * Double(spec.k) * panels * Double(Packing.panelColumns) / fetchedBytes
        let group = products + weights + moved(input) + 2 * moved(output)
        // A block is transformed by each thread that takes some of its groups.
        let takers = min(groups, max(1, setting.threads / blocks))
        let transforms = Double(takers) * 2 * input / CacheRate.far
        // Few units are not shared evenly.
        let units = Double(blocks * groups) / Double(setting.threads)
        let share = units < 4 ? units.rounded(.up) : units + (setting.threads > 1 ? 0.5 : 0)
        return share * (group + transforms / Double(groups))
    }
}
