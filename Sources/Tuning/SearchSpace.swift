import Planning

/// All tilings that the kernels of a plan can have, and which of them are worth building.
public struct SearchSpace: Sendable {
    let target: Target
    /// Vectors of a panel where they cannot change.
    private let panels: [GEMM.Shape: Int]
    /// The same of fused ConvFFNs.
    let fusedPanels: [ConvFFN.Shape: Int]
    private let estimate: TilingEstimate

    /// - Parameters:
    ///   - plan: whose kernels are sought; several resolutions share weights, and then panels stay
    ///     as they are.
    ///   - threads: that will share the work.
    ///   - batch: images of one call.
    public init(of plan: Plan, threads: Int, batch: Int) {
        target = plan.target
        let tilings = Planner.Decisions(of: plan)
        let areShared = plan.passes.count > 1
        panels = areShared ? tilings.gemm.mapValues(\.vectors) : [:]
        fusedPanels = areShared ? (tilings.convFFN ?? [:]).mapValues(\.vectors) : [:]
        estimate = TilingEstimate(isa: target.isa, threads: threads, batch: batch)
    }

    /// Every kernel that does `shape`, in no particular order. All are legal, and no two of them do
    /// the same in the same order.
    public func kernels(for shape: TunableShape) -> [Kernel] {
        switch shape {
        case .gemm(let shape):
            tiles(shape).flatMap { tile in
                slabs(shape, vectors: tile.vectors).flatMap { slab in
                    [GEMM.Tiling.Split.rows, .columns].compactMap { split in
                        gemm(
                            shape,
                            GEMM.Tiling(
                                rows: tile.rows, vectors: tile.vectors, slab: slab, split: split))
                    }
                }
            }
        case .attention(let shape): attentions(shape)
        case .convFFN(let shape): convFFNs(shape)
        }
    }

    /// The most promising kernels: first those that must be compared, which are kept whatever the
    /// limit, then the others by their estimate; of each tile its best form comes before a second
    /// form of any.
    ///
    /// - Parameter compulsory: the choices of plan and cost model.
    public func pruned(_ shape: TunableShape, to limit: Int, compulsory: [Kernel]) -> [Kernel] {
        var chosen: [Kernel] = []
        for kernel in compulsory where !chosen.contains(kernel) { chosen.append(kernel) }
        let required = Set(chosen)
        let others = kernels(for: shape).filter { !required.contains($0) }
            .map { (kernel: $0, cost: estimate.cost($0)) }
            .sorted { $0.cost < $1.cost }.map(\.kernel)
        var seen: Set<Tile> = []
        var leaders: [Kernel] = []
        var followers: [Kernel] = []
        for kernel in others {
            if seen.insert(Tile(kernel)).inserted {
                leaders.append(kernel)
            } else {
                followers.append(kernel)
            }
        }
        return chosen + (leaders + followers).prefix(max(0, limit - chosen.count))
    }

    /// What the sums in registers look like, or the tokens of a pass.
    private struct Tile: Hashable {
        let rows, vectors: Int

        init(_ kernel: Kernel) {
            switch kernel {
            case .gemm(let kernel): (rows, vectors) = (kernel.tiling.rows, kernel.tiling.vectors)
            case .loFiAttention(let kernel):
                (rows, vectors) = (kernel.tiling.rows, kernel.tiling.keyVectors)
            case .convFFN(let kernel): (rows, vectors) = (kernel.tiling.band, kernel.tiling.strip)
            default: (rows, vectors) = (0, 0)
            }
        }
    }
}

// MARK: - GEMM

extension SearchSpace {
    /// Wider tiles would leave registers for no more than a few rows.
    static let mostVectors = 4

    private var lanes: Int { target.isa.lanes }

    private func tiles(_ shape: GEMM.Shape) -> [(rows: Int, vectors: Int)] {
        let widest = min(Self.mostVectors, (shape.n + lanes - 1) / lanes)
        let widths = panels[shape].map { [$0] } ?? Array(1...widest)
        return widths.flatMap { vectors in
            let most = min(
                (target.isa.registers - vectors - 1) / vectors, shape.rows * target.maxBatch)
            return most < 1 ? [] : (1...most).map { (rows: $0, vectors: vectors) }
        }
    }

    /// Powers of two below the number of panels, the cost model's, and all panels at once.
    private func slabs(_ shape: GEMM.Shape, vectors: Int) -> [Int] {
        let panels = (shape.n + vectors * lanes - 1) / (vectors * lanes)
        let model = CostModel(isa: target.isa).tiling(for: shape, maxBatch: target.maxBatch)
        return powersOfTwo(below: panels).union([panels, min(model.slab, panels)]).sorted()
    }

    private func powersOfTwo(below end: Int) -> Set<Int> {
        Set(sequence(first: 1) { 2 * $0 }.prefix { $0 < end })
    }

    private func gemm(_ shape: GEMM.Shape, _ tiling: GEMM.Tiling) -> Kernel? {
        (try? GEMM(shape, tiling, isa: target.isa)).map { .gemm($0) }
    }
}

// MARK: - Attention

extension SearchSpace {
    /// More rows than this share nothing that fewer would not.
    private static let mostRows = 16

    private func attentions(_ shape: LoFiAttention.Shape) -> [Kernel] {
        let widest = min(target.isa.registers - 2, (shape.keys + lanes - 1) / lanes)
        return (1...max(1, widest)).flatMap { vectors in
            (1...min(Self.mostRows, shape.queries)).flatMap { rows in
                blocks(shape, vectors: vectors).compactMap { block in
                    attention(
                        shape,
                        LoFiAttention.Tiling(rows: rows, keyVectors: vectors, block: block))
                }
            }
        }
    }

    /// Powers of two below the number of panels, the cost model's, and all panels at once.
    private func blocks(_ shape: LoFiAttention.Shape, vectors: Int) -> [Int] {
        let panels = (shape.keys + vectors * lanes - 1) / (vectors * lanes)
        let model = CostModel(isa: target.isa).tiling(for: shape)
        return powersOfTwo(below: panels).union([panels, min(model.block, panels)]).sorted()
    }

    private func attention(
        _ shape: LoFiAttention.Shape, _ tiling: LoFiAttention.Tiling
    ) -> Kernel? {
        (try? LoFiAttention(shape, tiling, isa: target.isa)).map { .loFiAttention($0) }
    }
}
