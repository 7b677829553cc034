import Graphs
import Machines

extension LoFiAttention {
    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule> {
        let best = best(spec, setting.isa)
        return Schedules(best: best) { all(spec, setting.isa, best: best) }
    }

    /// Keys whose scores with a tile stay in L1 beside a part of their values.
    private static let blockKeys = 320

    private static func best(_ spec: Spec, _ isa: ISA) -> Schedule {
        let vectors = min(RegisterTile.vectors, spec.keys.dividedRoundingUp(by: isa.lanes))
        let most = RegisterTile.mostRows(isa)
        let rows = RegisterTile.bestRows(most: min(most, spec.queries)) {
            RegisterTile.halfCycles(rows: spec.queries, tile: $0)
        }
        let panels = spec.keys.dividedRoundingUp(by: vectors * isa.lanes)
        let blocks = spec.keys.dividedRoundingUp(by: blockKeys)
        return Schedule(
            rows: rows, keyVectors: vectors, block: panels.dividedRoundingUp(by: blocks))
    }

    private static func all(_ spec: Spec, _ isa: ISA, best: Schedule) -> [Schedule] {
        let sizes = AttentionTile.sizes(queries: spec.queries, keys: spec.keys, isa)
        let candidates = sizes.flatMap { size in
            let panels = spec.keys.dividedRoundingUp(by: size.keyVectors * isa.lanes)
            return panelCounts(upTo: panels, guess: best.block).map {
                Schedule(rows: size.rows, keyVectors: size.keyVectors, block: $0)
            }
        }
        return ranked(candidates, spec, isa, by: { cost(spec, $0, isa) }) {
            [$0.rows, $0.keyVectors]
        }
    }

    /// What of L1 may hold scores.
    private static let scoreBytes = 32 * 1024

    /// For each tile of queries: scores, exponentials and weighted sums, for each block the
    /// correction of what was summed, and the scores' way through L2 when L1 is too small for them.
    private static func cost(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Double {
        let (rows, tile) = (how.rows, tile(spec, how, isa))
        let corrections =
            tile.panels.dividedRoundingUp(by: how.block) * rows * (10 + 2 * tile.vectors)
        let isFar = 4 * rows * how.block * tile.panel > scoreBytes
        let moved = isFar ? 12 * rows * tile.panels * tile.panel : 0
        return Double(spec.queries.dividedRoundingUp(by: rows))
            * (tile.products(rows: rows) + Double(tile.softmax(rows: rows) + corrections)
                + Double(moved) / CacheRate.near)
    }
}
