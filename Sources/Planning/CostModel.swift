/// Chooses tilings from a model of the machine: cycles of multiply-adds and loads, and what a cache
/// holds.
public struct CostModel: Sendable {
    public let isa: ISA
    /// Bytes of weights that may stay in L2 beside the tokens that pass.
    static let slabBytes = 256 * 1024
    /// Bytes of maps that a thread may work on before it goes on to other images: half of an L2.
    static let groupBytes = 1024 * 1024

    public init(isa: ISA) { self.isa = isa }

    /// Images that a thread works on at once: as many as stay in L2 from step to step, at least one.
    public func imagesPerThread(arenaFloats: Int, maxBatch: Int) -> Int {
        min(maxBatch, max(1, Self.groupBytes / max(1, 4 * arenaFloats)))
    }

    /// Two vectors a row: each broadcast token feeds two multiply-adds, so loads keep up; what is
    /// left of the registers holds rows.
    static let vectors = 2

    var mostRows: Int { (isa.registers - Self.vectors - 1) / Self.vectors }

    /// - Parameter vectors: of a panel, where that is settled; nil leaves it to the model.
    public func tiling(
        for shape: GEMM.Shape, maxBatch: Int, vectors settled: Int? = nil
    ) -> GEMM.Tiling {
        let vectors = settled ?? Self.vectors
        let most = (isa.registers - vectors - 1) / vectors
        let rows = bestRows(most: min(most, shape.rows * maxBatch)) {
            cycles(rows: shape.rows, tile: $0)
        }
        let panelBytes = shape.k * vectors * isa.lanes * 4
        let tiles = (shape.rows + rows - 1) / rows
        return GEMM.Tiling(
            rows: rows, vectors: vectors, slab: max(1, Self.slabBytes / panelBytes),
            split: tiles < Self.fewTiles ? .columns : .rows)
    }

    /// With fewer tiles of rows than this, threads would get unequal shares of them.
    private static let fewTiles = 12

    /// Half-cycles per step of K for all tiles of `rows`: two multiply-adds or two loads a cycle, and
    /// eight independent sums to cover the latency.
    func cycles(rows: Int, tile: Int) -> Int {
        func step(_ rows: Int) -> Int {
            max(rows * Self.vectors, rows + Self.vectors, 8)
        }
        let rest = rows % tile
        return rows / tile * step(tile) + (rest > 0 ? step(rest) : 0)
    }

    /// The height of tile with the least cycles; of equals the highest, which reads weights least.
    func bestRows(most: Int, _ cycles: (Int) -> Int) -> Int {
        (1...most).map { (rows: $0, cycles: cycles($0)) }
            .reduce((rows: 1, cycles: Int.max)) { $1.cycles <= $0.cycles ? $1 : $0 }.rows
    }

    public func tiling(for shape: LoFiAttention.Shape) -> LoFiAttention.Tiling {
        let vectors = min(Self.vectors, (shape.keys + isa.lanes - 1) / isa.lanes)
        let rows = bestRows(most: min(mostRows, shape.queries)) {
            cycles(rows: shape.queries, tile: $0)
        }
        let panels = (shape.keys + vectors * isa.lanes - 1) / (vectors * isa.lanes)
        let blocks = (shape.keys + Self.blockKeys - 1) / Self.blockKeys
        return LoFiAttention.Tiling(
            rows: rows, keyVectors: vectors, block: (panels + blocks - 1) / blocks)
    }

    /// Keys whose scores with a tile stay in L1 beside a part of their values.
    private static let blockKeys = 320
}
