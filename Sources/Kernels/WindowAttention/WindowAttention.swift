import Graphs
import Machines

/// softmax(q·kᵀ + bias)·v inside windows that may be shifted (Swin Transformer, arXiv 2103.14030), as
/// two matrix products a window and head. q carries the factor of q·kᵀ; the bias is that of relative
/// positions, and −100 between tokens that only shifting made neighbours.
public enum WindowAttention: KernelFamily {
    public static let id = "window_attention"
    public static let role = KernelRole.attention

    public struct Spec: WindowedSpec, Sendable, Hashable, Codable {
        public let map: Resolution
        public let heads: Int
        public let headDim: Int
        public let window: Int
        /// Tokens by which windows begin further right and down.
        public let shift: Int
        /// Whether a table of relative positions is added to the scores.
        public let hasTable: Bool
        /// Floats from one token to the next.
        public var inputStride: Int
        public var outputStride: Int
        public let output: ElementType?

        public init(
            map: Resolution, heads: Int, headDim: Int, window: Int, shift: Int = 0,
            hasTable: Bool = false, inputStride: Int? = nil, outputStride: Int? = nil,
            output: ElementType = .f32
        ) {
            self.map = map
            self.heads = heads
            self.headDim = headDim
            self.window = window
            self.shift = shift
            self.hasTable = hasTable
            self.inputStride = inputStride ?? 3 * heads * headDim
            self.outputStride = outputStride ?? heads * headDim
            self.output = output.inSpec
        }

        var distances: Int { (2 * window - 1) * (2 * window - 1) }
    }

    public struct Schedule: Sendable, Hashable, Codable {
        /// Queries and vectors of keys whose scores are in registers.
        public let rows: Int
        public let keyVectors: Int

        public init(rows: Int, keyVectors: Int) {
            self.rows = rows
            self.keyVectors = keyVectors
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        let input = graph.nodes[node].inputs[0]
        guard case .windowAttention(let heads, let windows, 1) = graph.nodes[node].operation else {
            return nil
        }
        let spec = Spec(
            map: graph.tensors[input].map, heads: heads.count, headDim: heads.dim,
            window: windows.side, shift: windows.shift, hasTable: windows.positionBias != nil,
            output: graph.outputType(of: node))
        var weights: [WeightUse] = []
        if spec.isPadded {
            guard let linear = graph.linear(producing: input) else { return nil }
            weights.append(.bias(of: linear))
        }
        if let table = windows.positionBias {
            weights.append(.block(WeightBlock(table, packing(of: table, spec))))
        }
        return Match(spec, graph, node, weights: weights)
    }

    /// The checkpoint has a row a distance and a column a head.
    private static func packing(of table: String, _ spec: Spec) -> Packing {
        .rows(
            (0..<spec.heads).map {
                PackedRow(table, start: $0, stride: spec.heads, count: spec.distances)
            }, width: spec.distances)
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [spec.qkv], outputs: [spec.attended],
            weightBytes: 4
                * ((spec.isPadded ? 3 * spec.channels : 0)
                    + (spec.hasTable ? spec.distances * spec.heads : 0)))
    }

    /// Of the tokens in windows, those beyond the map among them.
    public static func macs(_ spec: Spec) -> Int {
        spec.windows * spec.keys * spec.keys * spec.channels * 2
    }

    /// Biases of all kinds of edges, keys and values of a window in panels, its queries and outputs.
    public static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int {
        let tile = tile(spec, how, isa)
        let edges = spec.shift > 0 ? 4 : 1
        return 4
            * (edges * spec.keys * tile.paddedKeys + tile.packedFloats
                + 2 * spec.keys * spec.headDim)
    }

    public static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws {
        try RegisterTile.check(rows: how.rows, vectors: how.keyVectors, isa: isa)
        guard how.rows <= spec.keys,
            how.rows * tile(spec, how, isa).paddedKeys <= AttentionTile.mostScores
        else {
            throw ScheduleError(
                "a tile of \(how.rows) queries: a window has \(spec.keys), or a thread cannot hold "
                    + "their scores")
        }
    }

    static func tile(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> AttentionTile {
        AttentionTile(
            isa: isa, keys: spec.keys, headDim: spec.headDim, rows: how.rows,
            keyVectors: how.keyVectors)
    }
}
