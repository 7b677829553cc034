import Graphs
import Machines

extension DirectConvolution {
    /// Tiles as those of a GEMM, in parts of K whose totals are loaded and stored; the input is copied
    /// once and read from L2 once a tile of columns, the weights once a block.
    public static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work {
        let blocks = Blocks(spec, how)
        let columns = how.vectors * isa.lanes
        let across = Double(spec.outputs.dividedRoundingUp(by: columns))
        let copies = Double(spec.maps.copies * batch)
        let parts = Double(spec.k.dividedRoundingUp(by: depth))
        var work = Work(units: blocks.count * spec.maps.copies * batch)
        for map in blocks.maps {
            let rows = copies * Double(map.height)
            var (fmas, accesses) = (0.0, 0.0)
            for strip in map.stripWidths {
                for tile in tiles(ofWidth: strip, most: how.rows) {
                    fmas += Double(max(tile * how.vectors, 8) * spec.k)
                    accesses += Double((tile + how.vectors) * spec.k)
                    accesses += 2 * parts * Double(tile * how.vectors)
                }
            }
            work.fmas += rows * across * fmas
            work.accesses += rows * across * accesses
            let reach = spec.reach(of: map.band) * spec.reach(of: map.strip) * spec.channels
            let read = Double(map.band * map.strip * spec.k) * across
            let block = 2 * Double(reach) + read + Double(spec.k * spec.outputs)
            work.l2Bytes += 4 * copies * Double(map.blocks) * block
            work.operations += rows * Double(map.width) * across * Double(how.vectors)
        }
        work.units *= spec.panels.dividedRoundingUp(by: how.panels)
        return work
    }

    /// Where there are fewer blocks than threads, these begin at different panels.
    public static func stream(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> WeightStream? {
        Blocks(spec, how).count * spec.maps.copies == 1
            ? WeightStream(panels: spec.panels, panelBytes: 4 * spec.k * Packing.panelColumns)
            : WeightStream()
    }
}
