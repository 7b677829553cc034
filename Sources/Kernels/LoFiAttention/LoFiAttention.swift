import Graphs
import Machines

/// softmax(q·kᵀ)·v from every query to every key, head by head: the Lo-Fi branch of HiLo attention
/// (LITv2, section 3.2), or attention of all tokens to all. q carries the factor of q·kᵀ.
public enum LoFiAttention: KernelFamily {
    public static let id = "lofi_attention"
    public static let role = KernelRole.attention

    public struct Spec: Sendable, Hashable, Codable {
        public let queryTokens: TokenCount
        public let keyTokens: TokenCount
        public let heads: Int
        public let headDim: Int
        /// Elements from one token to the next.
        public var queryStride: Int
        public var keyStride: Int
        public var outputStride: Int
        /// What the output's elements are; nil is single precision.
        public let output: ElementType?

        private enum CodingKeys: String, CodingKey {
            case queryTokens = "queries"
            case keyTokens = "keys"
            case heads, headDim, queryStride, keyStride, outputStride, output
        }

        public init(
            queries: Int, keys: Int, heads: Int, headDim: Int, queryStride: Int? = nil,
            keyStride: Int? = nil, outputStride: Int? = nil, output: ElementType = .f32
        ) {
            self.init(
                queryTokens: TokenCount(queries), keyTokens: TokenCount(keys), heads: heads,
                headDim: headDim, queryStride: queryStride, keyStride: keyStride,
                outputStride: outputStride, output: output)
        }

        public init(
            queryTokens: TokenCount, keyTokens: TokenCount, heads: Int, headDim: Int,
            queryStride: Int? = nil, keyStride: Int? = nil, outputStride: Int? = nil,
            output: ElementType = .f32
        ) {
            self.queryTokens = queryTokens
            self.keyTokens = keyTokens
            self.heads = heads
            self.headDim = headDim
            self.queryStride = queryStride ?? heads * headDim
            self.keyStride = keyStride ?? 2 * heads * headDim
            self.outputStride = outputStride ?? heads * headDim
            self.output = output.inSpec
        }

        public var queries: Int { queryTokens.count }
        public var keys: Int { keyTokens.count }
    }

    public struct Schedule: Sendable, Hashable, Codable {
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

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        let inputs = graph.nodes[node].inputs
        guard case .globalAttention(let heads, 1) = graph.nodes[node].operation else { return nil }
        return Match(
            Spec(
                queryTokens: graph.tensors[inputs[0]].tokens,
                keyTokens: graph.tensors[inputs[1]].tokens,
                heads: heads.count, headDim: heads.dim, output: graph.outputType(of: node)),
            graph, node)
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.queryStride, \.keyStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        let channels = spec.heads * spec.headDim
        return Operands(
            inputs: [
                Operand(rows: spec.queries, width: channels, stride: spec.queryStride),
                Operand(rows: spec.keys, width: 2 * channels, stride: spec.keyStride),
            ],
            outputs: [
                Operand(
                    rows: spec.queries, width: channels, stride: spec.outputStride,
                    type: spec.output)
            ])
    }

    public static func macs(_ spec: Spec) -> Int {
        spec.queries * spec.keys * spec.heads * spec.headDim * 2
    }

    /// Keys of a head in panels with what is added to their scores, and its values.
    public static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int {
        4 * tile(spec, how, isa).packedFloats
    }

    public static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws {
        try RegisterTile.check(rows: how.rows, vectors: how.keyVectors, isa: isa)
        let tile = tile(spec, how, isa)
        // A map of any size may have fewer panels than a block.
        let most = min(
            spec.keyTokens.isFlexible ? Int.max : tile.panels,
            max(1, AttentionTile.mostScores / (how.rows * tile.panel)))
        guard (1...most).contains(how.block) else {
            throw ScheduleError(
                "a block of \(how.block) panels of keys: 1 to \(most) are possible")
        }
    }

    static func tile(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> AttentionTile {
        AttentionTile(
            isa: isa, keys: spec.keys, headDim: spec.headDim, rows: how.rows,
            keyVectors: how.keyVectors)
    }
}
