import Graphs
import Machines

extension DirectConvolution {
    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule> {
        let best = best(spec, setting)
        return Schedules(best: best) { all(spec, setting, best: best) }
    }

    /// Tokens of blocks to choose from, down and across.
    private static let heights = [1, 2, 3, 4, 5, 7, 8, 10, 12, 14, 16, 20, 25]
    private static let widths = [7, 8, 11, 12, 14, 15, 16, 18, 21, 24, 28, 42]

    /// Blocks differ where they cut the maps differently.
    private static func blocks(_ spec: Spec) -> [(height: Int, width: Int)] {
        let maps = spec.outputMaps.maps
        let tallest = maps.map(\.height).max() ?? 1
        let widest = maps.map(\.width).max() ?? 1
        let heights = Set(heights.map { min($0, tallest) }).sorted()
        let widths = Set(widths.map { min($0, widest) }).sorted()
        return heights.flatMap { height in widths.map { (height, $0) } }
    }

    private static func best(_ spec: Spec, _ setting: Setting) -> Schedule {
        let isa = setting.isa
        let vectors = RegisterTile.wholePanel(isa)
        let rows = RegisterTile.mostPanelRows(vectors: vectors, isa)
        let schedules = blocks(spec).flatMap { block in
            panelCounts(upTo: spec.panels, guess: spec.panels).map {
                Schedule(
                    rows: rows, vectors: vectors, height: block.height, width: block.width,
                    panels: $0)
            }
        }
        return schedules.map { (schedule: $0, cost: cost(spec, $0, setting)) }
            .min { $0.cost < $1.cost }!.schedule
    }

    private static func all(_ spec: Spec, _ setting: Setting, best: Schedule) -> [Schedule] {
        let isa = setting.isa
        let blocks = blocks(spec)
        let panels = panelCounts(upTo: spec.panels, guess: best.panels)
        let candidates = RegisterTile.parts(isa).flatMap { vectors in
            let most = RegisterTile.mostPanelRows(vectors: vectors, isa)
            return (most / 2 + 1...max(most, most / 2 + 1)).flatMap { rows in
                blocks.flatMap { block in
                    panels.map {
                        Schedule(
                            rows: rows, vectors: vectors, height: block.height, width: block.width,
                            panels: $0)
                    }
                }
            }
        }
        return ranked(candidates, spec, isa, by: { cost(spec, $0, setting) }) {
            [$0.rows, $0.vectors, $0.height, $0.width]
        }
    }

    /// Bytes of a copy that stay in L2 beside the weights that pass.
    private static let copyBytes = 256.0 * 1024

    /// Cycles of the thread with the most work, for orders of schedules.
    private static func cost(_ spec: Spec, _ how: Schedule, _ setting: Setting) -> Double {
        let blocks = Blocks(spec, how)
        let columns = how.vectors * setting.isa.lanes
        let (copies, k) = (spec.maps.copies * setting.batch, Double(spec.k))
        var (all, largest) = (0.0, 0.0)
        for map in blocks.maps {
            let cut = Double(map.blocks)
            let tokens = Double(spec.reach(of: map.band) * spec.reach(of: map.strip))
            let bytes = 4 * tokens * Double(spec.channels)
            let steps = tiles(ofWidth: map.strip, most: how.rows).reduce(0) {
                $0 + RegisterTile.step(rows: $1, vectors: how.vectors)
            }
            let tiles = steps * Double(map.band * spec.outputs.dividedRoundingUp(by: columns)) * k
            let weights = 4 * k * Double(spec.outputs) / CacheRate.far
            let read = 4 * k * Double(map.band * map.strip * spec.panels)
            let spilled = bytes > copyBytes ? read / (2 * CacheRate.far) : 0
            let block = tiles + weights + spilled
            let copy = bytes / CacheRate.far
            let part = Double(map.width * map.height) / Double(map.band * map.strip)
            // Blocks at the right and the bottom may be smaller.
            all += (part + (cut - part) / 4) * (block + copy)
            largest = max(largest, copy + block * Double(how.panels) / Double(spec.panels))
        }
        let share = all * Double(copies) / Double(setting.threads)
        return setting.threads == 1 ? share : share + largest / 2
    }
}
