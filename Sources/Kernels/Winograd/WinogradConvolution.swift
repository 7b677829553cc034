import Graphs
import Machines

/// A 3×3 convolution of stride 1 with zero padding 1, a bias and perhaps a ReLU on maps that share
/// weights, with fewer products than the direct one and a larger error.
public enum WinogradConvolution: KernelFamily {
    public static let id = "winograd"
    public static let role = KernelRole.gemm

    public struct Spec: Sendable, Hashable, Codable {
        public let form: WinogradForm
        /// Behind one another.
        public let maps: MapList
        public let channels: Int
        public let outputs: Int
        /// Whether negative outputs become 0.
        public let isRectified: Bool
        /// Floats from one token to the next.
        public var inputStride: Int
        public var outputStride: Int

        public init(
            form: WinogradForm, maps: MapList, channels: Int, outputs: Int,
            isRectified: Bool = false, inputStride: Int? = nil, outputStride: Int? = nil
        ) {
            self.form = form
            self.maps = maps
            self.channels = channels
            self.outputs = outputs
            self.isRectified = isRectified
            self.inputStride = inputStride ?? channels
            self.outputStride = outputStride ?? outputs
        }

        var panels: Int { outputs.dividedRoundingUp(by: Packing.panelColumns) }
        /// Floats of a panel's columns.
        var k: Int { form.points * channels }
        /// Of all maps.
        var tiles: Int { maps.fixed.dividedRoundingUp(by: form.outputSide).count }
    }

    public struct Schedule: Sendable, Hashable, Codable {
        /// Tiles of outputs, and vectors, whose sums are kept in registers.
        public let rows: Int
        public let vectors: Int
        /// Tiles of outputs whose input is transformed together, filled up to whole `rows`.
        public let tiles: Int
        /// Panels whose products are transformed together.
        public let panels: Int

        public init(rows: Int, vectors: Int, tiles: Int, panels: Int) {
            self.rows = rows
            self.vectors = vectors
            self.tiles = tiles
            self.panels = panels
        }

        var filledTiles: Int { tiles.rounded(upTo: rows) }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .convolution(let linear, let convolution) = graph.nodes[node].operation,
            let form = convolution.method.form, convolution.stride == 1,
            convolution.maps.maps.count <= DirectConvolution.mostMaps
        else { return nil }
        return graph.convolutionMatch(at: node, linear, packing: .winograd(linear, form)) {
            Spec(
                form: form, maps: convolution.maps, channels: linear.inputs / 9,
                outputs: linear.outputs, isRectified: $0)
        }
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        let tokens = spec.maps.count
        return Operands(
            inputs: [Operand(rows: tokens, width: spec.channels, stride: spec.inputStride)],
            outputs: [Operand(rows: tokens, width: spec.outputs, stride: spec.outputStride)],
            weightBytes: 4 * (spec.k + 1) * spec.outputs)
    }

    public static func macs(_ spec: Spec) -> Int { spec.tiles * spec.k * spec.outputs }

    /// Of each point a transformed input and products, and a cache line more.
    public static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int {
        let row = spec.channels.rounded(upTo: Packing.rowUnit) + how.panels * Packing.panelColumns
        return 4 * spec.form.points * (how.filledTiles * row + 2 * Packing.rowUnit)
    }

    /// More tiles than any cache has room for, and few enough that sizes cannot overflow.
    private static let mostTiles = 4096

    public static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws {
        try RegisterTile.checkPanel(rows: how.rows, vectors: how.vectors, isa: isa)
        guard (1...mostTiles).contains(how.tiles) else {
            throw ScheduleError("blocks of \(how.tiles) tiles: 1 to \(mostTiles) are possible")
        }
        guard (1...spec.panels).contains(how.panels) else {
            throw ScheduleError(
                "\(how.panels) panels at a time: the weights have 1 to \(spec.panels)")
        }
    }
}

extension Convolution.Method {
    fileprivate var form: WinogradForm? {
        switch self {
        case .direct: nil
        case .winograd2: .two
        case .winograd4: .four
        }
    }
}
