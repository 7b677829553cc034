import Graphs
import Machines

/// output = epilogue(input · Wᵀ + bias) on `rows` tokens.
public enum GEMM: KernelFamily {
    public static let id = "gemm"
    public static let role = KernelRole.gemm

    /// What follows the sum: the identity, `residual + y`, GELU(y) = y·Φ(y), or max(y, 0).
    public enum Epilogue: String, Sendable, Codable { case none, residual, gelu, relu }

    /// `rows` of `k` values by a matrix of `n` columns, for one image.
    public struct Spec: Sendable, Hashable, Codable {
        public let tokens: TokenCount
        public let k: Int
        public let n: Int
        /// Floats from one token to the next.
        public var inputStride: Int
        public var outputStride: Int
        public let epilogue: Epilogue

        private enum CodingKeys: String, CodingKey {
            case tokens = "rows", k, n, inputStride, outputStride, epilogue
        }

        public init(
            rows: Int, k: Int, n: Int, inputStride: Int? = nil, outputStride: Int? = nil,
            epilogue: Epilogue = .none
        ) {
            self.init(
                tokens: TokenCount(rows), k: k, n: n, inputStride: inputStride,
                outputStride: outputStride, epilogue: epilogue)
        }

        public init(
            tokens: TokenCount, k: Int, n: Int, inputStride: Int? = nil, outputStride: Int? = nil,
            epilogue: Epilogue = .none
        ) {
            self.tokens = tokens
            self.k = k
            self.n = n
            self.inputStride = inputStride ?? k
            self.outputStride = outputStride ?? n
            self.epilogue = epilogue
        }

        public var rows: Int { tokens.count }

        /// Panels of columns of the matrix, the last of which may be filled up.
        var panels: Int { n.dividedRoundingUp(by: Packing.panelColumns) }
        var panelBytes: Int { 4 * k * Packing.panelColumns }
    }

    public struct Schedule: Sendable, Hashable, Codable {
        public enum Split: String, Sendable, Codable, CaseIterable { case rows, columns }
        /// Rows and vectors of sums kept in registers.
        public let rows: Int
        public let vectors: Int
        /// Tiles of columns whose weights stay in cache while the rows pass.
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

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        let input = Operand(rows: spec.rows, width: spec.k, stride: spec.inputStride)
        let output = Operand(rows: spec.rows, width: spec.n, stride: spec.outputStride)
        let isSum = spec.epilogue == .residual
        return Operands(
            inputs: isSum ? [input, output] : [input], outputs: [output],
            replaced: isSum ? [0: 1] : [:], weightBytes: 4 * (spec.k + 1) * spec.n)
    }

    public static func macs(_ spec: Spec) -> Int { spec.rows * spec.k * spec.n }
    public static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int { 0 }

    /// More columns than any cache holds, and few enough that the generated loops cannot overflow.
    private static let mostSlab = 65_536

    public static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws {
        guard (1...mostSlab).contains(how.slab) else {
            throw ScheduleError("a slab of \(how.slab) tiles: 1 to \(mostSlab) are possible")
        }
        try RegisterTile.checkPanel(rows: how.rows, vectors: how.vectors, isa: isa)
    }
}
