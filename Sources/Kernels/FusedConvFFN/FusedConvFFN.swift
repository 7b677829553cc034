import Graphs
import Machines

/// A whole ConvFFN with its residual sum,
/// output = residual + contract(GELU(depthwise(expand(input)))) (LITv2, section 3.1): the hidden map
/// stays in the cache, a band of rows at a time.
public enum FusedConvFFN: KernelFamily {
    public static let id = "conv_ffn"
    public static let role = KernelRole.convFFN

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        public let hidden: Int
        /// What enters the products, and their matrices; nil is single precision.
        public let element, matrix: ElementType?

        public init(
            map: Resolution, channels: Int, hidden: Int, element: ElementType = .f32,
            matrix: ElementType? = nil
        ) {
            self.map = map
            self.channels = channels
            self.hidden = hidden
            self.element = element.inSpec
            self.matrix = (matrix ?? element).inSpec
        }

        /// Bytes of an element that enters a product, and of one of a matrix.
        var elementBytes: Int { (element ?? .f32).bytes }
        var matrixBytes: Int { (matrix ?? .f32).bytes }
        /// Whether what enters products is widened first.
        func isWidened(_ how: Schedule, _ isa: ISA) -> Bool {
            isa.widens(element ?? .f32, for: how.unit)
        }
        /// Panels of hidden channels that the unit contracts at once: two of integers fill its words.
        var groupsTogether: Int {
            matrix == .int8 && hidden % (2 * Packing.panelColumns) == 0 ? 2 : 1
        }
        /// Words of a row of the input, and of hidden channels, that products of the unit must divide.
        var steps: [Int] {
            [channels, groupsTogether * Packing.panelColumns]
                .map { $0.dividedRoundingUp(by: (matrix ?? .f32).perWord) }
        }
        /// Multiply-adds of a sum of `k` products, as those of a GEMM.
        func multiplies(_ k: Int, on isa: ISA) -> Int {
            let (element, matrix) = (element ?? .f32, matrix ?? .f32)
            return isa.multiplies(element, by: matrix)
                ? k.dividedRoundingUp(by: matrix.perWord) : k
        }
    }

    public struct Schedule: Sendable, Hashable, Codable {
        /// Rows and vectors of sums kept in registers, of vectors or of the unit, for both products.
        public let rows: Int
        public let vectors: Int
        /// Rows of the map in one pass over the weights.
        public let band: Int
        /// Columns of the map that are walked down together; the last strip may be narrower.
        public let strip: Int
        /// nil where vectors multiply.
        public let unit: MatrixUnit?

        public init(
            rows: Int, vectors: Int, band: Int, strip: Int, unit: MatrixUnit? = nil
        ) {
            self.rows = rows
            self.vectors = vectors
            self.band = band
            self.strip = strip
            self.unit = unit
        }
    }

    /// The nodes of a ConvFFN whose expansion is `node`, residual sum included.
    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard let expand = graph.nodes[node].operation.linear,
            let (mix, taps) = graph.follower(of: node, \.depthwise),
            let act = graph.follower(of: mix, is: .gelu),
            let (second, contract) = graph.follower(of: act, \.linear),
            let sum = graph.follower(of: second, is: .add), expand.element == contract.element,
            expand.matrix == contract.matrix
        else { return nil }
        func block(_ node: Int, _ packing: Packing) -> WeightUse {
            .block(WeightBlock(graph.nodes[node].label, packing))
        }
        let hidden = graph.tensors[graph.nodes[node].output]
        return Match(
            Spec(
                map: hidden.map, channels: expand.inputs, hidden: expand.outputs,
                element: expand.element, matrix: expand.matrix),
            nodes: [node, mix, act, second, sum], label: graph.nodes[sum].label,
            inputs: [Slot(graph.nodes[node].inputs[0]), Slot(graph.nodes[sum].inputs[0])],
            outputs: [Slot(graph.nodes[sum].output)],
            weights: [
                block(node, .panels([expand])),
                block(
                    mix,
                    DepthwiseGELU.weights(
                        taps, channels: expand.outputs,
                        scales: graph.tensors[graph.nodes[act].output].scales)),
                block(second, .panels([contract])),
            ])
    }

    public static func operands(_ spec: Spec) -> Operands {
        let input = Operand(
            rows: spec.map.count, width: spec.channels, type: spec.element)
        let tokens = Operand(rows: spec.map.count, width: spec.channels)
        return Operands(
            inputs: [input, tokens], outputs: [tokens], replaced: [0: 1],
            weightBytes: spec.matrixBytes * spec.hidden * 2 * spec.channels
                + 4 * ((DepthwiseGELU.weightRows(spec.element) + 1) * spec.hidden + spec.channels))
    }

    public static func macs(_ spec: Spec) -> Int {
        spec.map.count * spec.hidden * (2 * spec.channels + 9)
    }

    /// Of each group of hidden channels, as wide as a tile, two rows and a band; of one the rows that a
    /// pass expands; sums of one vector; the input under a narrow strip. What is widened needs a copy of all
    /// the input, and a band of one group as it was rounded.
    public static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int {
        let columns = how.vectors * isa.lanes
        let reach = spec.map.isFlexible ? how.strip + 2 : min(how.strip + 2, spec.map.width)
        let band = how.band * how.strip
        let fresh = (how.band + 2) * reach
        let isWhole = how.strip >= spec.map.width && !spec.map.isFlexible
        let isWidened = spec.isWidened(how, isa)
        let copy = isWhole && !isWidened ? 0 : fresh * spec.channels
        let hidden = spec.hidden.rounded(upTo: columns)
        return 4 * (hidden * 2 * reach + fresh * columns + band * isa.lanes)
            + spec.elementBytes * (isWidened ? 2 : 1) * (hidden * band + copy)
            + (isWidened ? spec.elementBytes * band * columns : 0)
    }

    /// Of bands and strips of maps of any size: few enough that sizes cannot overflow.
    private static let mostSide = 4096

    public static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws {
        if how.unit == .tiles {
            guard spec.hasWholeGroups else {
                throw ScheduleError(
                    "\(spec.hidden) hidden channels: for the tile unit a multiple of "
                        + "\(Packing.panelColumns) is possible")
            }
            try TileUnit.check(
                rows: how.rows, vectors: how.vectors, spec.element ?? .f32,
                by: spec.matrix ?? .f32, steps: spec.steps, isa)
        } else {
            try RegisterTile.checkPanel(rows: how.rows, vectors: how.vectors, isa: isa)
        }
        // A map of any size may have fewer rows and columns, or more.
        let most = spec.map.isFlexible ? Resolution(height: mostSide, width: mostSide) : spec.map
        guard (1...most.height).contains(how.band), (1...most.width).contains(how.strip) else {
            throw ScheduleError(
                "bands of \(how.band) rows in strips of \(how.strip) columns: a map of "
                    + "\(spec.map) tokens has fewer, or they are no sizes")
        }
    }

    public static func stream(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> WeightStream? {
        WeightStream()
    }
}
