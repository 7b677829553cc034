import Graphs
import Machines

extension WindowAttention {
    /// Windows of fewer keys are as fast without matrix products, where nothing but they ask for these.
    private static let leastKeys = 32

    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule> {
        let isa = setting.isa
        guard spec.shift > 0 || spec.hasTable || spec.keys >= leastKeys else {
            return Schedules(best: nil) { all(spec, isa) }
        }
        let schedules = all(spec, isa)
        return Schedules(best: schedules.first) { schedules }
    }

    private static func all(_ spec: Spec, _ isa: ISA) -> [Schedule] {
        let candidates = AttentionTile.sizes(queries: spec.keys, keys: spec.keys, isa).map {
            Schedule(rows: $0.rows, keyVectors: $0.keyVectors)
        }
        return ranked(candidates, spec, isa, by: { cost(spec, $0, isa) }) {
            [$0.rows, $0.keyVectors]
        }
    }

    /// For each tile of queries: scores, exponentials and weighted sums.
    private static func cost(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Double {
        let tile = tile(spec, how, isa)
        return RegisterTile.sum(over: spec.keys, tile: how.rows) { count, rows in
            Double(count) * (tile.products(rows: rows) + Double(tile.softmax(rows: rows)))
        }
    }
}
