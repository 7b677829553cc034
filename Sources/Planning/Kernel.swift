import Networks

/// One kernel: what it computes at which shape, and how.
///
/// `rows` are those of one image throughout; the batch is an argument of the generated code.
public enum Kernel: Sendable, Hashable, Codable {
    case patches(Patches)
    case gemm(GEMM)
    case layerNorm(LayerNorm)
    case depthwiseGELU(DepthwiseGELU)
    case averagePool(AveragePool)
    case meanPool(MeanPool)
    case hiFiAttention(HiFiAttention)
    case loFiAttention(LoFiAttention)
    case sampling(Sampling)
    case convFFN(ConvFFN)
    case featureMap(FeatureMap)
}

/// output = epilogue(input · Wᵀ + bias) on `rows` tokens.
public struct GEMM: Sendable, Hashable, Codable {
    public enum Epilogue: String, Sendable, Codable { case none, residual, gelu }

    /// What is computed; a tiling is chosen for it.
    public struct Shape: Sendable, Hashable, Codable {
        public let rows: Int
        public let k: Int
        public let n: Int
        /// Floats from one token to the next.
        public let inputStride: Int
        public let outputStride: Int
        public let epilogue: Epilogue

        package init(
            rows: Int, k: Int, n: Int, inputStride: Int, outputStride: Int, epilogue: Epilogue
        ) {
            self.rows = rows
            self.k = k
            self.n = n
            self.inputStride = inputStride
            self.outputStride = outputStride
            self.epilogue = epilogue
        }
    }

    /// How it is computed.
    public struct Tiling: Sendable, Hashable, Codable {
        public enum Split: String, Sendable, Codable { case rows, columns }
        /// Rows and vectors of sums kept in registers.
        public let rows: Int
        public let vectors: Int
        /// Panels of weights that stay in cache while the rows pass.
        public let slab: Int
        /// What threads share.
        public let split: Split

        public init(rows: Int, vectors: Int, slab: Int, split: Split) {
            self.rows = rows
            self.vectors = vectors
            self.slab = slab
            self.split = split
        }
    }

    public let shape: Shape
    public let tiling: Tiling

    /// More panels than any cache holds, and few enough that the generated loops cannot overflow.
    private static let mostPanels = 65_536

    /// Throws when the tile does not fit the registers of `isa`, or the slab is no slab.
    public init(_ shape: Shape, _ tiling: Tiling, isa: ISA) throws {
        self.shape = shape
        self.tiling = tiling
        guard (1...Self.mostPanels).contains(tiling.slab) else {
            throw PlanError("a slab of \(tiling.slab) panels: 1 to \(Self.mostPanels) are possible")
        }
        try checkTile(rows: tiling.rows, vectors: tiling.vectors, isa: isa)
    }

    public var macs: Int { shape.rows * shape.k * shape.n }
}

/// Patches at the right and bottom border are filled up with zeros.
public struct Patches: Sendable, Hashable, Codable {
    public let image: Resolution
    public let side: Int

    public var map: Resolution { image.dividedRoundingUp(by: side) }
}

public struct LayerNorm: Sendable, Hashable, Codable {
    public let rows: Int
    public let channels: Int
}

public struct DepthwiseGELU: Sendable, Hashable, Codable {
    public let map: Resolution
    public let channels: Int
    /// Floats from one token to the next.
    public let stride: Int
}

/// Tokens that windows have beyond the map count as zeros.
public struct AveragePool: Sendable, Hashable, Codable {
    public let map: Resolution
    public let channels: Int
    public let window: Int

    public var pooled: Resolution { map.dividedRoundingUp(by: window) }
}

public struct MeanPool: Sendable, Hashable, Codable {
    public let rows: Int
    public let channels: Int
}

public struct HiFiAttention: Sendable, Hashable, Codable {
    public let map: Resolution
    public let heads: Int
    public let headDim: Int
    public let window: Int
    public let inputStride: Int
    public let outputStride: Int
    /// Where the windows do not divide the map: floats from the step's weights, those of the GEMM
    /// that made q, k and v, to its bias of q. Tokens beyond the map are zero before that GEMM, so
    /// the bias is their q, k and v.
    public let bias: Int?

    public var channels: Int { heads * headDim }
}

public struct LoFiAttention: Sendable, Hashable, Codable {
    public struct Shape: Sendable, Hashable, Codable {
        public let queries: Int
        public let keys: Int
        public let heads: Int
        public let headDim: Int
        public let queryStride: Int
        public let keyStride: Int
        public let outputStride: Int

        package init(
            queries: Int, keys: Int, heads: Int, headDim: Int, queryStride: Int, keyStride: Int,
            outputStride: Int
        ) {
            self.queries = queries
            self.keys = keys
            self.heads = heads
            self.headDim = headDim
            self.queryStride = queryStride
            self.keyStride = keyStride
            self.outputStride = outputStride
        }
    }

    public struct Tiling: Sendable, Hashable, Codable {
        /// Queries and vectors of keys, a panel, whose scores are in registers.
        public let rows: Int
        public let keyVectors: Int
        /// Panels whose scores wait in cache, between two corrections of the softmax.
        public let block: Int

        public init(rows: Int, keyVectors: Int, block: Int) {
            self.rows = rows
            self.keyVectors = keyVectors
            self.block = block
        }
    }

    public let shape: Shape
    public let tiling: Tiling

    /// Floats of scores that a thread may hold on its stack.
    private static let mostScores = 32 * 1024

    /// Throws when the tile does not fit the registers of `isa`, or the block neither the keys nor
    /// a stack.
    public init(_ shape: Shape, _ tiling: Tiling, isa: ISA) throws {
        self.shape = shape
        self.tiling = tiling
        try checkTile(rows: tiling.rows, vectors: tiling.keyVectors, isa: isa)
        let panel = tiling.keyVectors * isa.lanes
        let most = min(
            (shape.keys + panel - 1) / panel, max(1, Self.mostScores / (tiling.rows * panel)))
        guard (1...most).contains(tiling.block) else {
            throw PlanError("a block of \(tiling.block) panels of keys: 1 to \(most) are possible")
        }
    }

    /// Vectors of values whose sums, for all rows of a tile, fit the registers beside a vector for
    /// each of them and a broadcast weight.
    public func valueVectors(isa: ISA) -> Int {
        min((shape.headDim + isa.lanes - 1) / isa.lanes, (isa.registers - 1) / (tiling.rows + 1))
    }

    /// Keys of a head in panels with what is added to their scores, and its values, in floats.
    public func scratch(lanes: Int) -> Int {
        shape.keys.rounded(upTo: tiling.keyVectors * lanes) * (1 + shape.headDim)
            + shape.keys * shape.headDim.rounded(upTo: lanes)
    }
}

/// All of the map is sampled, but an odd last row or column of tokens merges into none.
public struct Sampling: Sendable, Hashable, Codable {
    public let map: Resolution
    public let channels: Int
    /// Floats from one output row to the next.
    public let outputStride: Int

    public var merged: Resolution { map.divided(by: 2) }
}

/// A whole ConvFFN with its residual sum: the hidden map stays in the cache, a band of rows at a time.
public struct ConvFFN: Sendable, Hashable, Codable {
    public struct Shape: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        public let hidden: Int

        package init(map: Resolution, channels: Int, hidden: Int) {
            self.map = map
            self.channels = channels
            self.hidden = hidden
        }
    }

    public struct Tiling: Sendable, Hashable, Codable {
        /// Rows and vectors of sums kept in registers, for both products.
        public let rows: Int
        public let vectors: Int
        /// Rows of the map in one pass over the weights.
        public let band: Int
        /// Columns of the map that are walked down together; the last strip may be narrower.
        public let strip: Int

        public init(rows: Int, vectors: Int, band: Int, strip: Int) {
            self.rows = rows
            self.vectors = vectors
            self.band = band
            self.strip = strip
        }
    }

    public let shape: Shape
    public let tiling: Tiling

    /// Throws when the tile does not fit the registers of `isa`, or a band or strip is larger than
    /// the map.
    public init(_ shape: Shape, _ tiling: Tiling, isa: ISA) throws {
        self.shape = shape
        self.tiling = tiling
        try checkTile(rows: tiling.rows, vectors: tiling.vectors, isa: isa)
        guard (1...shape.map.height).contains(tiling.band),
            (1...shape.map.width).contains(tiling.strip)
        else {
            throw PlanError(
                "bands of \(tiling.band) rows in strips of \(tiling.strip) columns: a map of "
                    + "\(shape.map) tokens has fewer, or they are no sizes")
        }
    }

    /// Hidden columns under a strip: one more on either side.
    var reach: Int { min(tiling.strip + 2, shape.map.width) }

    /// Floats: of each hidden panel two rows and a band; of one the rows that a pass expands; sums of
    /// one vector; the input under a narrow strip.
    public func scratch(lanes: Int) -> Int {
        let panel = tiling.vectors * lanes
        let band = tiling.band * tiling.strip
        let fresh = (tiling.band + 2) * reach
        let copy = tiling.strip < shape.map.width ? fresh * shape.channels : 0
        return shape.hidden.rounded(upTo: panel) * (2 * reach + band) + fresh * panel + band * lanes
            + copy
    }
}

/// A stage's token map as an output of the library, through a LayerNorm when `isNormalised`.
public struct FeatureMap: Sendable, Hashable, Codable {
    public let map: Resolution
    public let channels: Int
    public let isNormalised: Bool
    public let layout: FeatureLayout

    /// Tokens that leave together, as one run of each plane: 96 KiB stay in L2 with the planes' lines.
    package var block: Int { max(16, 24_576 / channels / 16 * 16) }

    /// Floats from token to token of a block: whole cache lines, and an odd number of them, because
    /// a power of two would put a channel of all tokens into few sets of the L1 cache.
    package var blockStride: Int { 16 * ((channels + 15) / 16 | 1) }

    package var scratch: Int { layout == .planes ? block * blockStride : 0 }
}

/// The sums of a tile, a row of weights and a broadcast value must fit the registers.
func checkTile(rows: Int, vectors: Int, isa: ISA) throws {
    guard rows >= 1, vectors >= 1, rows <= isa.registers, vectors <= isa.registers,
        rows * vectors + vectors < isa.registers
    else {
        throw PlanError(
            "tile \(rows)x\(vectors) vectors: the sums, a row of weights and a broadcast must fit "
                + "the \(isa.registers) registers of \(isa.rawValue)")
    }
}

extension Kernel {
    /// Multiply-accumulates of one image that the kernel really does.
    public var macs: Int {
        switch self {
        case .patches, .layerNorm, .averagePool, .meanPool, .featureMap: 0
        case .gemm(let gemm): gemm.macs
        case .depthwiseGELU(let kernel): kernel.map.count * kernel.channels * 9
        case .hiFiAttention(let kernel):
            kernel.map.count * kernel.window * kernel.window * kernel.channels * 2
        case .loFiAttention(let kernel):
            kernel.shape.queries * kernel.shape.keys * kernel.shape.heads * kernel.shape.headDim * 2
        case .convFFN(let kernel):
            kernel.shape.map.count * kernel.shape.hidden * (2 * kernel.shape.channels + 9)
        case .sampling(let kernel):
            // Eight offset filters and four corners of four points, for each merged token.
            kernel.merged.count * 4 * kernel.channels * (8 + 4)
        }
    }

    /// Floats of working memory a thread needs for itself.
    public func scratch(lanes: Int) -> Int {
        switch self {
        case .loFiAttention(let kernel): kernel.scratch(lanes: lanes)
        case .convFFN(let kernel): kernel.scratch(lanes: lanes)
        case .featureMap(let kernel): kernel.scratch
        default: 0
        }
    }
}

extension Int {
    /// The next multiple of `unit`.
    public func rounded(upTo unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
