import Graphs
import Machines

/// The mean of all tokens of an image.
public enum MeanPool: KernelFamily {
    public static let id = "mean_pool"

    public struct Spec: Sendable, Hashable, Codable {
        public let rows: Int
        public let channels: Int
        /// What the output's elements are; nil is single precision.
        public let output: ElementType?

        public init(rows: Int, channels: Int, output: ElementType = .f32) {
            self.rows = rows
            self.channels = channels
            self.output = output.inSpec
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard graph.nodes[node].operation == .meanPool else { return nil }
        let tokens = graph.tensors[graph.nodes[node].inputs[0]]
        return Match(
            Spec(
                rows: tokens.rows, channels: tokens.channels, output: graph.outputType(of: node)),
            graph, node)
    }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [Operand(rows: spec.rows, width: spec.channels)],
            outputs: [Operand(rows: 1, width: spec.channels, type: spec.output)])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func flops(_ spec: Spec) -> Int { spec.rows * spec.channels }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.rows, channels: spec.channels, lanes: isa.lanes)
        return Work(operations: count, accesses: count).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "mean_pool/kernel.c",
            operation: "mean_pool_\(spec.rows)x\(spec.channels)"
                + elementSuffix("out", spec.output),
            fields: rowsFields(spec.rows, spec.channels) + elementFields("output", spec.output)
        ) {
            RowsContext(
                name: $0, rows: TokenCount(spec.rows), channels: spec.channels,
                output: spec.output)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.rows)x\(spec.channels)")
    }
}
