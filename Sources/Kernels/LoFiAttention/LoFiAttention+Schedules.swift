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
        let vectors = min(RegisterTile.vectors, (spec.keys + isa.lanes - 1) / isa.lanes)
        let most = RegisterTile.mostRows(isa)
        let rows = RegisterTile.bestRows(most: min(most, spec.queries)) {
            RegisterTile.halfCycles(rows: spec.queries, tile: $0)
        }
        let panels = (spec.keys + vectors * isa.lanes - 1) / (vectors * isa.lanes)
        let blocks = (spec.keys + blockKeys - 1) / blockKeys
        return Schedule(rows: rows, keyVectors: vectors, block: (panels + blocks - 1) / blocks)
    }

    /// More rows than this share nothing that fewer would not.
    private static let mostRows = 16

    private static func all(_ spec: Spec, _ isa: ISA, best: Schedule) -> [Schedule] {
        let widest = min(isa.registers - 2, (spec.keys + isa.lanes - 1) / isa.lanes)
        let legal = (1...max(1, widest)).flatMap { vectors in
            (1...min(mostRows, spec.queries)).flatMap { rows in
                blocks(spec, vectors: vectors, isa, best).map {
                    Schedule(rows: rows, keyVectors: vectors, block: $0)
                }
            }
        }.filter { (try? check(spec, $0, isa)) != nil }
        return legal.ranked(by: { cost(spec, $0, isa) }) { [$0.rows, $0.keyVectors] }
    }

    /// Powers of two below the number of panels, the best guess's, and all panels at once.
    private static func blocks(_ spec: Spec, vectors: Int, _ isa: ISA, _ best: Schedule) -> [Int] {
        let panels = (spec.keys + vectors * isa.lanes - 1) / (vectors * isa.lanes)
        return powersOfTwo(below: panels).union([panels, min(best.block, panels)]).sorted()
    }

    /// What of L1 may hold scores.
    private static let scoreBytes = 32 * 1024

    /// For each tile of queries: scores, exponentials and weighted sums, for each block the
    /// correction of what was summed, and the scores' way through L2 when L1 is too small for them.
    private static func cost(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Double {
        func parts(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }
        let (rows, panel) = (how.rows, how.keyVectors * isa.lanes)
        let panels = parts(spec.keys, of: panel)
        let vectors = parts(spec.headDim, of: isa.lanes)
        let values = valueVectors(spec, how, isa)
        let scores =
            RegisterTile.step(rows: rows, vectors: how.keyVectors)
            * Double(panels * spec.headDim)
        let sums =
            RegisterTile.step(rows: rows, vectors: values)
            * Double(parts(vectors, of: values) * spec.keys)
        let softmax = rows * panels * how.keyVectors * 8
        let corrections = parts(panels, of: how.block) * rows * (10 + 2 * vectors)
        let isFar = 4 * rows * how.block * panel > scoreBytes
        let moved = isFar ? 12 * rows * panels * panel : 0
        return Double(parts(spec.queries, of: rows))
            * (scores + sums + Double(softmax + corrections) + Double(moved) / CacheRate.near)
    }
}
