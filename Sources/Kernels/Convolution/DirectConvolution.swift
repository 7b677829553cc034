import Graphs
import Machines

/// A 3×3 convolution with zero padding 1, a bias and perhaps a ReLU on maps that share weights, as an
/// implicit matrix product: K are the taps of all channels.
public enum DirectConvolution: KernelFamily {
    public static let id = "convolution"
    public static let role = KernelRole.gemm

    public struct Spec: Sendable, Hashable, Codable {
        /// Of the input, behind one another.
        public let maps: MapList
        public let channels: Int
        public let outputs: Int
        /// 1 or 2.
        public let stride: Int
        /// Whether negative outputs become 0.
        public let isRectified: Bool
        /// Floats from one token to the next.
        public var inputStride: Int
        public var outputStride: Int

        public init(
            maps: MapList, channels: Int, outputs: Int, stride: Int = 1, isRectified: Bool = false,
            inputStride: Int? = nil, outputStride: Int? = nil
        ) {
            self.maps = maps
            self.channels = channels
            self.outputs = outputs
            self.stride = stride
            self.isRectified = isRectified
            self.inputStride = inputStride ?? channels
            self.outputStride = outputStride ?? outputs
        }

        var k: Int { 9 * channels }
        var outputMaps: MapList { maps.dividedRoundingUp(by: stride) }
        var panels: Int { outputs.dividedRoundingUp(by: Packing.panelColumns) }
    }

    public struct Schedule: Sendable, Hashable, Codable {
        /// Tokens side by side, and vectors, whose sums are kept in registers.
        public let rows: Int
        public let vectors: Int
        /// Tokens of the output, down and across, whose input is copied together, at most.
        public let height: Int
        public let width: Int
        /// Panels of weights that a thread multiplies a block by before it takes another piece of work.
        public let panels: Int

        public init(rows: Int, vectors: Int, height: Int, width: Int, panels: Int) {
            self.rows = rows
            self.vectors = vectors
            self.height = height
            self.width = width
            self.panels = panels
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .convolution(let linear, let convolution) = graph.nodes[node].operation,
            convolution.method == .direct, convolution.maps.maps.count <= mostMaps
        else { return nil }
        return graph.convolutionMatch(at: node, linear, packing: .panels([linear])) {
            Spec(
                maps: convolution.maps, channels: linear.inputs / 9, outputs: linear.outputs,
                stride: convolution.stride, isRectified: $0)
        }
    }

    /// That the harness has room for.
    static let mostMaps = 16

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [
                Operand(rows: spec.maps.count, width: spec.channels, stride: spec.inputStride)
            ],
            outputs: [
                Operand(rows: spec.outputMaps.count, width: spec.outputs, stride: spec.outputStride)
            ], weightBytes: 4 * (spec.k + 1) * spec.outputs)
    }

    public static func macs(_ spec: Spec) -> Int { spec.outputMaps.count * spec.k * spec.outputs }

    /// The copy of a block's input, and totals of a tile's columns.
    public static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int {
        let blocks = Blocks(spec, how)
        let tokens = spec.reach(of: blocks.height) * spec.reach(of: blocks.width)
        return 4 * (tokens * spec.channels + blocks.height * blocks.width * how.vectors * isa.lanes)
    }

    /// More tokens of a block than any cache has room for, and few enough that sizes cannot overflow.
    private static let mostSide = 4096

    public static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws {
        try RegisterTile.checkPanel(rows: how.rows, vectors: how.vectors, isa: isa)
        guard (1...mostSide).contains(how.height), (1...mostSide).contains(how.width) else {
            throw ScheduleError(
                "blocks of \(how.height)x\(how.width) tokens: 1 to \(mostSide) are possible")
        }
        guard (1...spec.panels).contains(how.panels) else {
            throw ScheduleError(
                "\(how.panels) panels at a time: the weights have 1 to \(spec.panels)")
        }
    }
}

extension DirectConvolution.Spec {
    /// Tokens of the input that so many side by side of the output meet.
    func reach(of count: Int) -> Int { (count - 1) * stride + 3 }
}

extension Graph {
    /// A convolution and the ReLU that takes its output alone, whatever computes them.
    func convolutionMatch<Spec>(
        at node: Int, _ linear: Linear, packing: Packing, _ spec: (_ isRectified: Bool) -> Spec
    ) -> Match<Spec> {
        let relu = follower(of: node, is: .relu)
        return Match(
            spec(relu != nil), nodes: [node] + (relu.map { [$0] } ?? []),
            label: linear.parameter, inputs: [Slot(nodes[node].inputs[0])],
            outputs: [Slot(nodes[relu ?? node].output)],
            weights: [.block(WeightBlock(linear.parameter, packing))])
    }
}
