import Graphs
import Machines

/// Means of window×window tokens; tokens that windows have beyond the map count as zeros.
public enum AveragePool: KernelFamily {
    public static let id = "average_pool"

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        public let window: Int
        /// What the elements are; nil is single precision.
        public let input, output: ElementType?

        public init(
            map: Resolution, channels: Int, window: Int, input: ElementType = .f32,
            output: ElementType = .f32
        ) {
            self.map = map
            self.channels = channels
            self.window = window
            (self.input, self.output) = (input.inSpec, output.inSpec)
        }

        public var pooled: Resolution { map.dividedRoundingUp(by: window) }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .averagePool(let window) = graph.nodes[node].operation else { return nil }
        let tokens = graph.tensors[graph.nodes[node].inputs[0]]
        return Match(
            Spec(
                map: tokens.map, channels: tokens.channels, window: window, input: tokens.type,
                output: graph.outputType(of: node)), graph, node)
    }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [
                Operand(rows: spec.map.count, width: spec.channels, type: spec.input)
            ],
            outputs: [
                Operand(rows: spec.pooled.count, width: spec.channels, type: spec.output)
            ])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func flops(_ spec: Spec) -> Int { spec.map.count * spec.channels }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.map.count, channels: spec.channels, lanes: isa.lanes)
        return Work(operations: count, accesses: 1.25 * count, units: spec.pooled.height)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "average_pool/kernel.c",
            operation:
                "average_pool_\(spec.map)x\(spec.channels)_\(spec.window)x\(spec.window)"
                + elementSuffix("in", spec.input) + elementSuffix("out", spec.output),
            fields: mapFields(spec.map, spec.channels) + [ShapeField("window", spec.window)]
                + elementFields("input", spec.input) + elementFields("output", spec.output),
            rules: spec.map.rules
        ) {
            MapContext(
                $0, spec.map, spec.channels, window: spec.window, input: spec.input,
                output: spec.output)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.channels) by \(spec.window)")
    }
}
