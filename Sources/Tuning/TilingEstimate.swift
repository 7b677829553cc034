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
    /// What of L1 may hold scores.
    private static let scoreBytes = 32 * 1024
    /// Chains of dependent multiply-adds that the latency asks for.
    private static let chains = 8

    func cost(_ kernel: Kernel) -> Double {
        switch kernel {
        case .gemm(let kernel): cost(kernel.shape, kernel.tiling)
        case .loFiAttention(let kernel): cost(kernel)
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

    /// For each tile of queries: scores, exponentials and weighted sums, for each block the
    /// correction of what was summed, and the scores' way through L2 when L1 is too small for them.
    private func cost(_ kernel: LoFiAttention) -> Double {
        let (shape, tiling) = (kernel.shape, kernel.tiling)
        func parts(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }
        let (rows, panel) = (tiling.rows, tiling.keyVectors * isa.lanes)
        let panels = parts(shape.keys, of: panel)
        let vectors = parts(shape.headDim, of: isa.lanes)
        let values = kernel.valueVectors(isa: isa)
        let scores =
            step(rows: rows, vectors: tiling.keyVectors) * Double(panels * shape.headDim)
        let sums =
            step(rows: rows, vectors: values) * Double(parts(vectors, of: values) * shape.keys)
        let softmax = rows * panels * tiling.keyVectors * 8
        let corrections = parts(panels, of: tiling.block) * rows * (10 + 2 * vectors)
        let isFar = 4 * rows * tiling.block * panel > Self.scoreBytes
        let moved = isFar ? 12 * rows * panels * panel : 0
        return Double(parts(shape.queries, of: rows))
            * (scores + sums + Double(softmax + corrections) + Double(moved) / Self.nearBytes)
    }
}
