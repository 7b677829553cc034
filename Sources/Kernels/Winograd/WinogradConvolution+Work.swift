import Graphs
import Machines

extension WinogradConvolution {
    /// Products as those of a GEMM, in parts of the channels whose totals are loaded and stored, and
    /// transforms of lines of a tile; weights come once a block, the input once a group of panels.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let all = spec.tiles * batch
        let blocks = all.dividedRoundingUp(by: how.filledTiles)
        let groups = spec.panels.dividedRoundingUp(by: how.panels)
        let steps = Double(all.dividedRoundingUp(by: how.rows) * spec.form.points)
        let columns = how.vectors * isa.lanes
        let across = Double(spec.panels * (Packing.panelColumns / columns))
        let parts = Double(spec.channels.dividedRoundingUp(by: depth))
        let sums = Double(how.rows * how.vectors)
        let inputs = vectors(rows: all, channels: spec.channels, lanes: isa.lanes)
        let outputs = vectors(rows: all, channels: spec.outputs, lanes: isa.lanes)
        let (side, out) = (Double(spec.form.side), Double(spec.form.outputSide))
        let line = spec.form == .four ? 16.0 : 4.0
        let lineOut = spec.form == .four ? 12.0 : 4.0
        let points = side * side
        let input = points * Double(all * spec.channels)
        let output = points * Double(all * spec.outputs)
        let weights = Double(blocks * spec.k * spec.panels * Packing.panelColumns)
        return Work(
            fmas: steps * across * max(sums, 8) * Double(spec.channels),
            operations: inputs * 2 * side * line
                + outputs * ((side + out) * lineOut + 2 * out * out),
            accesses: steps * across
                * (Double((how.rows + how.vectors) * spec.channels) + 2 * parts * sums)
                + inputs * 2 * points + outputs * (points + out * out),
            l2Bytes: 4 * (input * Double(1 + groups) + 2 * output + weights),
            units: blocks * groups)
    }

    /// Where all tiles are one block, threads begin at different panels.
    public static func stream(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> WeightStream? {
        spec.tiles <= how.filledTiles
            ? WeightStream(panels: spec.panels, panelBytes: 4 * spec.k * Packing.panelColumns)
            : WeightStream()
    }
}
