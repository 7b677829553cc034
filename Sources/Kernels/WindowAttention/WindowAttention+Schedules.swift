import Graphs
import Machines

extension WindowAttention {
    /// Windows of fewer keys are as fast without matrix products, where nothing but they ask for these.
    private static let leastKeys = 32

    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule> {
        let isa = setting.isa
        let needed = spec.shift > 0 || spec.hasTable || spec.keys >= leastKeys
        return Schedules(best: needed ? all(spec, isa).first : nil) { all(spec, isa) }
    }

    /// More rows than this share nothing that fewer would not.
    private static let mostRows = 16

    private static func all(_ spec: Spec, _ isa: ISA) -> [Schedule] {
        let widest = min(isa.registers - 2, (spec.keys + isa.lanes - 1) / isa.lanes)
        let legal = (1...max(1, widest)).flatMap { vectors in
            (1...min(mostRows, spec.keys)).map { Schedule(rows: $0, keyVectors: vectors) }
        }.filter { (try? check(spec, $0, isa)) != nil }
        return legal.ranked(by: { cost(spec, $0, isa) }) { [$0.rows, $0.keyVectors] }
    }

    /// For each tile of queries: scores, exponentials and weighted sums.
    private static func cost(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Double {
        func parts(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }
        let panels = parts(spec.keys, of: how.keyVectors * isa.lanes)
        let vectors = parts(spec.headDim, of: isa.lanes)
        let values = valueVectors(spec, how, isa)
        func tile(_ rows: Int) -> Double {
            RegisterTile.step(rows: rows, vectors: how.keyVectors) * Double(panels * spec.headDim)
                + RegisterTile.step(rows: rows, vectors: values)
                * Double(parts(vectors, of: values) * spec.keys)
                + Double(rows * panels * how.keyVectors * 8)
        }
        let rest = spec.keys % how.rows
        return Double(spec.keys / how.rows) * tile(how.rows) + (rest > 0 ? tile(rest) : 0)
    }
}
