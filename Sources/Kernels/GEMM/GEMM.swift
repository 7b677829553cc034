import Graphs
import Machines

/// output = epilogue(input · Wᵀ + bias) on `rows` tokens.
public enum GEMM: KernelFamily {
    public static let id = "gemm"
    public static let role = KernelRole.gemm

    /// What follows the sum: the identity, `residual + y`, y plus the nearest token of a coarser
    /// map, GELU(y) = y·Φ(y), or max(y, 0).
    public enum Epilogue: String, Sendable, Codable { case none, residual, upsampled, gelu, relu }

    /// A coarser map of as many channels as the product, of which each token of `fine` takes the
    /// nearest: the way down of a feature pyramid (Lin et al., arXiv 1612.03144).
    public struct Upsampling: Sendable, Hashable, Codable {
        public let fine, coarse: Resolution
        /// Floats from one token of the coarser map to the next.
        public fileprivate(set) var stride: Int
    }

    /// `rows` of `k` values by a matrix of `n` columns, for one image.
    public struct Spec: Sendable, Hashable, Codable {
        public let tokens: TokenCount
        public let k: Int
        public let n: Int
        /// Elements from one token to the next.
        public var inputStride: Int
        public var outputStride: Int
        public let epilogue: Epilogue
        /// Of the epilogue `upsampled`, which no other spec has.
        public private(set) var upsampling: Upsampling?
        /// What the elements of input and matrix are; nil is single precision.
        public let element, matrix: ElementType?
        /// What the output's elements are; nil is single precision, which a sum with another tensor always is.
        public let output: ElementType?

        private enum CodingKeys: String, CodingKey {
            case tokens = "rows", k, n, inputStride, outputStride, epilogue, upsampling
            case element, matrix, output
        }

        public init(
            rows: Int, k: Int, n: Int, inputStride: Int? = nil, outputStride: Int? = nil,
            epilogue: Epilogue = .none, element: ElementType = .f32,
            matrix: ElementType? = nil, output: ElementType = .f32
        ) {
            self.init(
                tokens: TokenCount(rows), k: k, n: n, inputStride: inputStride,
                outputStride: outputStride, epilogue: epilogue, element: element,
                matrix: matrix, output: output)
        }

        public init(
            tokens: TokenCount, k: Int, n: Int, inputStride: Int? = nil, outputStride: Int? = nil,
            epilogue: Epilogue = .none, element: ElementType = .f32,
            matrix: ElementType? = nil, output: ElementType = .f32
        ) {
            self.tokens = tokens
            self.k = k
            self.n = n
            self.inputStride = inputStride ?? k
            self.outputStride = outputStride ?? n
            self.epilogue = epilogue
            self.element = element.inSpec
            self.matrix = (matrix ?? element).inSpec
            self.output = output.inSpec
            precondition(
                output == .f32 || output == .bf16 && [.none, .gelu, .relu].contains(epilogue),
                "sums are floats, and integers have scales")
        }

        /// On the tokens of `fine`, plus the nearest of `coarse`.
        public init(
            fine: Resolution, coarse: Resolution, k: Int, n: Int, inputStride: Int? = nil,
            coarseStride: Int? = nil, outputStride: Int? = nil, element: ElementType = .f32,
            matrix: ElementType? = nil
        ) {
            self.init(
                tokens: TokenCount(fine), k: k, n: n, inputStride: inputStride,
                outputStride: outputStride, epilogue: .upsampled, element: element,
                matrix: matrix)
            upsampling = Upsampling(fine: fine, coarse: coarse, stride: coarseStride ?? n)
        }

        public var rows: Int { tokens.count }

        /// Of a coarser map; a residual has the output's.
        var coarseStride: Int {
            get { upsampling?.stride ?? 0 }
            set { upsampling?.stride = newValue }
        }

        /// Panels of columns of the matrix, the last of which may be filled up.
        var panels: Int { n.dividedRoundingUp(by: Packing.panelColumns) }
        var panelBytes: Int { 4 * steps * Packing.panelColumns }
        var elementType: ElementType { element ?? .f32 }
        var matrixType: ElementType { matrix ?? .f32 }
        /// Words of a column of the matrix.
        var steps: Int { steps(of: k) }
        /// Words of so many values of a column.
        func steps(of depth: Int) -> Int { depth.dividedRoundingUp(by: matrixType.perWord) }
        /// Multiply-adds of a sum: where no instruction multiplies words, one for each of their elements.
        func multiplies(on isa: ISA) -> Int {
            isa.multiplies(elementType, by: matrixType) ? steps : k
        }
    }

    public struct Schedule: Sendable, Hashable, Codable {
        public enum Split: String, Sendable, Codable, CaseIterable { case rows, columns }
        /// Rows and vectors of sums kept in registers, of vectors or of the unit.
        public let rows: Int
        public let vectors: Int
        /// Tiles of columns whose weights stay in cache while the rows pass.
        public let slab: Int
        /// How many values of K rows take of a slab at a time; nil is all of them. Sums wait in scratch in between.
        public let depth: Int?
        /// What threads share.
        public let split: Split
        /// nil where vectors multiply.
        public let unit: MatrixUnit?

        public init(
            rows: Int, vectors: Int, slab: Int, depth: Int? = nil, split: Split,
            unit: MatrixUnit? = nil
        ) {
            self.rows = rows
            self.vectors = vectors
            self.slab = slab
            self.depth = depth
            self.split = split
            self.unit = unit
        }
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] {
        [\.inputStride, \.coarseStride]
    }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        let input = Operand(
            rows: spec.rows, width: spec.k, stride: spec.inputStride, type: spec.elementType)
        let output = Operand(
            rows: spec.rows, width: spec.n, stride: spec.outputStride, type: spec.output)
        let isResidual = spec.epilogue == .residual
        let coarse = spec.upsampling.map {
            Operand(rows: $0.coarse.count, width: spec.n, stride: $0.stride)
        }
        let addend = isResidual ? output : coarse
        return Operands(
            inputs: [input] + (addend.map { [$0] } ?? []), outputs: [output],
            replaced: isResidual ? [0: 1] : [:],
            weightBytes: (spec.matrixType.bytes * spec.k + 4) * spec.n)
    }

    public static func macs(_ spec: Spec) -> Int { spec.rows * spec.k * spec.n }

    /// Sums that wait, and the rows of a tile, widened.
    public static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int {
        let waiting = how.depth == nil ? 0 : how.blockTiles(on: isa) * how.slabSums(on: isa)
        let isWidened = isa.widens(spec.elementType, for: how.unit)
        return 4 * (waiting + (isWidened ? 2 * how.rows * how.steps(of: spec) : 0))
    }

    /// Sums over K are those of chains of so many values, whose order is the same for every schedule
    /// (`gemm_tile.h`).
    static let chain = 384

    /// More columns than any cache holds, and few enough that the generated loops cannot overflow.
    private static let mostSlab = 65_536

    public static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws {
        guard (1...mostSlab).contains(how.slab) else {
            throw ScheduleError("a slab of \(how.slab) tiles: 1 to \(mostSlab) are possible")
        }
        try checkDepth(spec, how)
        guard how.unit == .tiles else {
            return try RegisterTile.checkPanel(rows: how.rows, vectors: how.vectors, isa: isa)
        }
        try TileUnit.check(
            rows: how.rows, vectors: how.vectors, spec.elementType, by: spec.matrixType,
            steps: [spec.steps], isa)
    }

    /// Sums wait as floats, so they must be, and whole chains of them; the tile unit keeps its own.
    private static func checkDepth(_ spec: Spec, _ how: Schedule) throws {
        guard let depth = how.depth else { return }
        guard how.unit == nil, spec.elementType != .int8 else {
            throw ScheduleError("a depth of \(depth): vectors that add floats can have one")
        }
        guard depth > 0, depth < spec.k, depth % chain == 0 else {
            throw ScheduleError(
                "a depth of \(depth): multiples of \(chain) below K = \(spec.k) are possible")
        }
    }
}

extension GEMM.Schedule {
    /// Bytes of sums that may wait, of each thread.
    private static let waitingBytes = 512 * 1024

    /// Words of a column of the matrix that are taken at a time.
    func steps(of spec: GEMM.Spec) -> Int { spec.steps(of: depth ?? spec.k) }

    /// How often a sum waits.
    func waits(in spec: GEMM.Spec) -> Int {
        spec.steps.dividedRoundingUp(by: steps(of: spec)) - 1
    }

    /// Of a tile of rows by a slab.
    func slabSums(on isa: ISA) -> Int { rows * slab * vectors * isa.lanes }

    /// Tiles of rows whose sums wait.
    func blockTiles(on isa: ISA) -> Int {
        max(1, Self.waitingBytes / (4 * slabSums(on: isa)))
    }
}
