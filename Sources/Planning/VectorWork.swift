/// Vector instructions of one call of a kernel, all threads together.
struct VectorWork: Equatable {
    /// Multiply-adds, with what padding and latency waste.
    var fmas = 0.0
    /// Other arithmetic.
    var operations = 0.0
    /// Loads and stores; broadcasts of one float take as long as a vector.
    var accesses = 0.0
    /// Bytes between L2 and L1.
    var l2Bytes = 0.0
    /// Equal parts that threads share.
    var units = 1

    /// Arithmetic of functions that are series of instructions, for a vector.
    static let gelu = 24.0, exponential = 14.0
}

extension Kernel {
    /// - Parameters:
    ///   - lanes: floats of a vector.
    ///   - batch: images of the call.
    func work(lanes: Int, batch: Int) -> VectorWork {
        var work =
            switch self {
            case .gemm(let kernel): kernel.work(lanes: lanes, batch: batch)
            case .convFFN(let kernel): kernel.work(lanes: lanes, batch: batch)
            case .hiFiAttention(let kernel): kernel.work(lanes: lanes)
            case .loFiAttention(let kernel): kernel.work(lanes: lanes)
            default: tokenWork(lanes: lanes)
            }
        switch self {
        case .gemm, .convFFN: return work
        default: break
        }
        let images = Double(batch)
        work.fmas *= images
        work.operations *= images
        work.accesses *= images
        work.l2Bytes = Double(traffic.total(batch: batch))
        work.units *= batch
        return work
    }

    /// Of one image, for kernels that walk over tokens.
    private func tokenWork(lanes: Int) -> VectorWork {
        func vectors(_ rows: Int, _ channels: Int) -> Double {
            Double(rows * ((channels + lanes - 1) / lanes))
        }
        switch self {
        case .layerNorm(let kernel):
            // Mean, variance, then normalising: three passes over a token.
            let count = vectors(kernel.rows, kernel.channels)
            return VectorWork(
                fmas: 2 * count, operations: 3 * count, accesses: 6 * count, units: kernel.rows)
        case .depthwiseGELU(let kernel):
            let count = vectors(kernel.map.count, kernel.channels)
            return VectorWork(
                fmas: 9 * count, operations: VectorWork.gelu * count, accesses: 20 * count,
                units: kernel.map.height)
        case .averagePool(let kernel):
            let count = vectors(kernel.map.count, kernel.channels)
            return VectorWork(
                operations: count, accesses: 1.25 * count, units: kernel.pooled.height)
        case .meanPool(let kernel):
            let count = vectors(kernel.rows, kernel.channels)
            return VectorWork(operations: count, accesses: count)
        case .sampling(let kernel):
            // Eight offset filters over four points, then four corners of each point.
            let count = vectors(kernel.map.count, kernel.channels)
            return VectorWork(
                fmas: 12 * count, operations: 2 * count, accesses: 16 * count,
                units: kernel.merged.height)
        case .patches(let kernel):
            return VectorWork(
                accesses: 2 * vectors(kernel.image.count * 3, 1) / Double(min(lanes, kernel.side)),
                units: kernel.map.height)
        case .featureMap(let kernel):
            // Copying, behind the three passes of a LayerNorm.
            let count = vectors(kernel.map.count, kernel.channels)
            let norm = kernel.isNormalised ? 1.0 : 0
            return VectorWork(
                fmas: 2 * norm * count, operations: 3 * norm * count,
                accesses: (2 + 6 * norm) * count, units: kernel.map.count)
        case .gemm, .hiFiAttention, .loFiAttention, .convFFN: return VectorWork()
        }
    }
}

extension GEMM {
    /// A tile walks down K with its sums in registers: a multiply-add for each sum, a load for each
    /// vector of weights and a broadcast for each row. Low tiles wait for the latency of eight
    /// multiply-adds.
    fileprivate func work(lanes: Int, batch: Int) -> VectorWork {
        let rows = shape.rows * batch
        let width = tiling.vectors * lanes
        let panels = (shape.n + width - 1) / width
        let (full, rest) = (rows / tiling.rows, rows % tiling.rows)
        let tiles = full + (rest > 0 ? 1 : 0)
        func steps(_ cost: (Int) -> Int) -> Double {
            Double((full * cost(tiling.rows) + (rest > 0 ? cost(rest) : 0)) * panels * shape.k)
        }
        let outputs = Double(rows * panels * tiling.vectors)
        let gelu = shape.epilogue == .gelu ? VectorWork.gelu : 1
        let slabs = (panels + tiling.slab - 1) / tiling.slab
        let moved =
            tiles * panels * width * shape.k + slabs * rows * shape.k
            + rows * shape.n * (shape.epilogue == .residual ? 2 : 1)
        return VectorWork(
            fmas: steps { max($0 * tiling.vectors, 8) }, operations: gelu * outputs,
            accesses: steps { $0 + tiling.vectors } + 2 * outputs, l2Bytes: 4 * Double(moved),
            units: tiling.split == .rows ? tiles : panels)
    }
}

extension ConvFFN {
    /// Two products as a GEMM does them and a depthwise convolution between them; the weights pass
    /// once a band of a strip, the hidden values are written and read twice in L2.
    fileprivate func work(lanes: Int, batch: Int) -> VectorWork {
        let width = tiling.vectors * lanes
        func panels(_ columns: Int) -> Int { (columns + width - 1) / width }
        let expansion = panels(shape.hidden) * shape.channels
        let contraction = panels(shape.channels) * shape.hidden
        let strips = tiling.strips(of: shape.map.width)
        func steps(_ cost: (Int) -> Int) -> Double {
            func tiles(_ rows: Int) -> Double {
                let (full, rest) = (rows / tiling.rows, rows % tiling.rows)
                return Double(full * cost(tiling.rows) + (rest > 0 ? cost(rest) : 0))
            }
            let band = strips.reduce(0.0) {
                $0 + Double(expansion) * tiles(tiling.band * $1.reach)
                    + Double(contraction) * tiles(tiling.band * $1.width)
            }
            return band * Double(shape.map.height * batch) / Double(tiling.band)
        }
        let passes = (shape.map.height + tiling.band - 1) / tiling.band * strips.count * batch
        let tokens = shape.map.count * batch
        let hidden = Double(tokens * ((shape.hidden + lanes - 1) / lanes))
        let moved =
            passes * (expansion + contraction) * width
            + tokens * (4 * shape.hidden + 3 * shape.channels)
        return VectorWork(
            fmas: steps { max($0 * tiling.vectors, 8) } + 9 * hidden,
            operations: (VectorWork.gelu + 1) * hidden,
            accesses: steps { $0 + tiling.vectors } + 16 * hidden, l2Bytes: 4 * Double(moved),
            units: shape.map.height * strips.count * batch)
    }
}

extension HiFiAttention {
    /// Scores are dot products of one query and one key, each summed across a vector.
    fileprivate func work(lanes: Int) -> VectorWork {
        let scores = Double(map.count * window * window * heads)
        let vectors = Double((headDim + lanes - 1) / lanes)
        let horizontalSum = 8.0
        return VectorWork(
            fmas: 2 * vectors * scores,
            operations: scores * (horizontalSum + VectorWork.exponential / Double(min(lanes, 4))),
            accesses: 4 * vectors * scores, units: map.dividedRoundingUp(by: window).count)
    }
}

extension LoFiAttention {
    /// Scores are one matrix product and the weighted values another, of tiles as high and about as
    /// wide; each score is stored, made a weight and loaded again.
    fileprivate func work(lanes: Int) -> VectorWork {
        let width = tiling.keyVectors * lanes
        let keys = Double((shape.keys + width - 1) / width * width) / Double(lanes)
        let scores = Double(shape.queries * shape.heads) * keys
        let dim = Double(shape.headDim)
        let values = (dim / Double(lanes)).rounded(.up) * Double(shape.keys)
        let fmas = scores * dim + Double(shape.queries * shape.heads) * values
        return VectorWork(
            fmas: fmas, operations: scores * (VectorWork.exponential + 4),
            accesses: fmas * (1 / Double(tiling.rows) + 1 / Double(tiling.keyVectors)),
            units: shape.heads * max(1, shape.queries / tiling.rows))
    }
}
