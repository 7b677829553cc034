import Graphs
import Machines

extension GEMM {
    /// A tile walks down K with its sums in registers: a multiply-add for each sum, a load for each
    /// vector of weights and a broadcast for each row. Low tiles wait for the latency of eight
    /// multiply-adds.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let rows = spec.rows * batch
        let width = how.vectors * isa.lanes
        let columns = (spec.n + width - 1) / width
        let panels = (spec.n + Packing.panelColumns - 1) / Packing.panelColumns
        let (full, rest) = (rows / how.rows, rows % how.rows)
        let tiles = full + (rest > 0 ? 1 : 0)
        func steps(_ cost: (Int) -> Int) -> Double {
            Double((full * cost(how.rows) + (rest > 0 ? cost(rest) : 0)) * columns * spec.k)
        }
        let outputs = Double(rows * columns * how.vectors)
        let gelu = spec.epilogue == .gelu ? Work.gelu : 1
        let slabs = (panels + how.slab - 1) / how.slab
        let moved =
            tiles * columns * width * spec.k + slabs * rows * spec.k
            + rows * spec.n * (spec.epilogue == .residual ? 2 : 1)
        return Work(
            fmas: steps { max($0 * how.vectors, 8) }, operations: gelu * outputs,
            accesses: steps { $0 + how.vectors } + 2 * outputs, l2Bytes: 4 * Double(moved),
            units: how.split == .rows ? tiles : panels)
    }

    public static func stream(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> WeightStream? {
        guard how.split == .columns else { return WeightStream() }
        let panel = Packing.panelColumns
        return WeightStream(
            panels: spec.n.rounded(upTo: panel) / panel, panelBytes: 4 * spec.k * panel)
    }
}
