import Graphs
import Machines

/// (x − mean)/√(variance + 1e-5)·γ + β over the channels of each token.
public enum LayerNorm: KernelFamily {
    public static let id = "layer_norm"

    public struct Spec: Sendable, Hashable, Codable {
        public let tokens: TokenCount
        public let channels: Int
        /// What the output's elements are; nil is single precision.
        public let output: ElementType?

        private enum CodingKeys: String, CodingKey { case tokens = "rows", channels, output }

        public init(rows: Int, channels: Int, output: ElementType = .f32) {
            self.init(tokens: TokenCount(rows), channels: channels, output: output)
        }

        public init(tokens: TokenCount, channels: Int, output: ElementType = .f32) {
            self.tokens = tokens
            self.channels = channels
            self.output = output.inSpec
        }

        public var rows: Int { tokens.count }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        let label = graph.nodes[node].label
        guard let parameter = graph.nodes[node].operation.layerNorm else { return nil }
        let tokens = graph.tensors[graph.nodes[node].inputs[0]]
        let scales = graph.tensors[graph.nodes[node].output].scales
        let weights = WeightBlock(
            label, .norm(parameter, channels: tokens.channels, scales: scales))
        return Match(
            Spec(
                tokens: tokens.tokens, channels: tokens.channels,
                output: graph.outputType(of: node)), graph, node,
            weights: [.block(weights)])
    }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [Operand(rows: spec.rows, width: spec.channels)],
            outputs: [Operand(rows: spec.rows, width: spec.channels, type: spec.output)],
            weightBytes: 4 * 2 * spec.channels)
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    /// The sums, differences and products: seven a value.
    public static func flops(_ spec: Spec) -> Int { 7 * spec.rows * spec.channels }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    /// Mean, variance, then normalising: three passes over a token.
    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.rows, channels: spec.channels, lanes: isa.lanes)
        return Work(fmas: 2 * count, operations: 3 * count, accesses: 6 * count, units: spec.rows)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "layer_norm/kernel.c",
            operation: "layer_norm_\(spec.tokens.name)x\(spec.channels)"
                + elementSuffix("out", spec.output),
            headers: ["layer_norm_row.h", "packing.h"],
            fields: rowsFields(spec.rows, spec.channels) + elementFields("output", spec.output),
            rules: spec.tokens.rules
        ) {
            RowsContext(
                name: $0, rows: spec.tokens, channels: spec.channels, output: spec.output)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.rows)x\(spec.channels)")
    }
}
