import Planning

/// Orders tilings of one shape by what they should cost, for pruning alone: the numbers stand for
/// cycles, but only their order matters.
struct TilingEstimate: Sendable {
    let isa: ISA
    let threads: Int
    let batch: Int

    /// Bytes a cycle from L2, and from beyond it.
    private static let nearBytes = 32.0
    private static let farBytes = 8.0
    /// What of L2 may hold a slab of weights.
    private static let slabBytes = 512.0 * 1024
    /// Chains of dependent multiply-adds that the latency asks for.
    private static let chains = 8

    func cost(_ kernel: Kernel) -> Double {
        switch kernel {
        case .gemm(let kernel): cost(kernel.shape, kernel.tiling)
        case .loFiAttention(let kernel): cost(kernel.shape, kernel.tiling)
        case .convFFN(let kernel): CostModel(isa: isa).cost(kernel.shape, kernel.tiling)
        default: 0
        }
    }

    /// Cycles of one step down K: two multiply-adds or two loads a cycle.
    private func step(rows: Int, vectors: Int) -> Double {
        Double(max(rows * vectors, rows + vectors, Self.chains)) / 2
    }

    /// The thread with the most work counts.
    private func cost(_ shape: GEMM.Shape, _ tiling: GEMM.Tiling) -> Double {
        let panelColumns = tiling.vectors * isa.lanes
        let panels = (shape.n + panelColumns - 1) / panelColumns
        let allRows = shape.rows * batch
        let tiles = (allRows + tiling.rows - 1) / tiling.rows
        let byRows = tiling.split == .rows
        let ownTiles = byRows ? share(tiles) : tiles
        let ownPanels = byRows ? panels : share(panels)
        let rest = allRows - (tiles - 1) * tiling.rows
        let tileCycles =
            Double(ownTiles - 1) * step(rows: tiling.rows, vectors: tiling.vectors)
            + step(rows: byRows ? min(tiling.rows, allRows) : rest, vectors: tiling.vectors)
        let compute = tileCycles * Double(ownPanels * shape.k)

        let panelBytes = Double(panelColumns * shape.k * 4)
        let slab = min(tiling.slab, ownPanels)
        let passes = Double((ownPanels + slab - 1) / slab)
        let inputBytes = Double(ownTiles * tiling.rows * shape.k * 4) * passes
        let weightBytes = Double(ownPanels) * panelBytes
        let fits = Double(slab) * panelBytes <= Self.slabBytes
        let again = Double(max(0, ownTiles - 1)) * weightBytes
        return compute + inputBytes / Self.nearBytes + weightBytes / Self.farBytes
            + again / (fits ? Self.nearBytes : Self.farBytes) / 4
    }

    private func share(_ units: Int) -> Int { (units + threads - 1) / threads }

    /// Scores and weighted sums for each tile of queries and block of keys, and for each block the
    /// exponentials and the rescaling of what was summed.
    private func cost(_ shape: LoFiAttention.Shape, _ tiling: LoFiAttention.Tiling) -> Double {
        let block = tiling.keyVectors * isa.lanes
        let blocks = (shape.keys + block - 1) / block
        let tiles = (shape.queries + tiling.rows - 1) / tiling.rows
        let scores = step(rows: tiling.rows, vectors: tiling.keyVectors) * Double(shape.headDim)
        let softmax = Double(tiling.rows * (tiling.keyVectors * 10 + 30))
        let sums = Double(tiling.rows * block * shape.headDim / isa.lanes) / 2
        return Double(tiles * blocks) * (scores + softmax + sums)
    }
}
