import Graphs
import Machines

extension GEMM {
    /// A tile walks down K with its sums in registers: a multiply-add for each sum, a load for each
    /// vector of weights and a broadcast for each row. Low tiles wait for the latency of eight
    /// multiply-adds.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let rows = spec.rows * batch
        let isVectors = how.unit == nil
        let width = how.vectors * isa.lanes
        let columns = spec.n.dividedRoundingUp(by: width)
        let tiles = rows.dividedRoundingUp(by: how.rows)
        func steps(_ cost: (Int) -> Int) -> Double {
            let all = RegisterTile.sum(over: rows, tile: how.rows) { $0 * cost($1) }
            return Double(all * columns * spec.multiplies(on: isa))
        }
        let outputs = Double(rows * columns * how.vectors)
        let gelu = spec.epilogue == .gelu ? Work.gelu(on: isa) : 1
        let isSum = spec.epilogue == .residual || spec.epilogue == .upsampled
        let slabs = columns.dividedRoundingUp(by: how.slab)
        let moved =
            4 * (tiles * columns * width * spec.steps + rows * spec.n * (isSum ? 1 : 0))
            + rows * spec.n * (spec.output ?? .f32).bytes
            + 2 * 4 * how.waits(in: spec) * rows * columns * width
            + slabs * rows * spec.k * spec.elementType.bytes
        return Work(
            fmas: isVectors
                ? steps { max($0 * how.vectors, 8) } : steps { max($0, 8) } * TileUnit.fmas,
            operations: gelu * outputs,
            accesses: (isVectors
                ? steps { $0 + how.vectors } : steps { $0 + TileUnit.mostRows } / 16)
                + 2 * outputs,
            l2Bytes: Double(moved),
            units: how.split == .rows ? tiles : spec.panels)
    }

    public static func stream(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> WeightStream? {
        how.split == .columns
            ? WeightStream(panels: spec.panels, panelBytes: spec.panelBytes) : WeightStream()
    }
}
