import Graphs
import Machines

/// A depthwise 3×3 convolution with zero padding 1 and a bias, then GELU.
public enum DepthwiseGELU: KernelFamily {
    public static let id = "depthwise_gelu"
    public static let role = KernelRole.depthwise

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        /// Floats from one token to the next, of input and output.
        public var stride: Int

        public init(map: Resolution, channels: Int, stride: Int? = nil) {
            self.map = map
            self.channels = channels
            self.stride = stride ?? channels
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard let parameter = graph.nodes[node].operation.depthwise,
            let gelu = graph.follower(of: node, is: .gelu)
        else { return nil }
        let (label, input) = (graph.nodes[node].label, graph.nodes[node].inputs[0])
        let tokens = graph.tensors[input]
        return Match(
            Spec(map: tokens.map, channels: tokens.channels), nodes: [node, gelu], label: label,
            inputs: [Slot(input)], outputs: [Slot(graph.nodes[gelu].output)],
            weights: [.block(WeightBlock(label, weights(parameter, channels: tokens.channels)))])
    }

    /// Nine taps, row by row, then the bias.
    static func weights(_ parameter: String, channels: Int) -> Packing {
        let taps = (0..<9).map {
            PackedRow("\(parameter).weight", start: $0, stride: 9, count: channels)
        }
        return .rows(taps + [PackedRow("\(parameter).bias", count: channels)], width: channels)
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.stride] }

    public static func operands(_ spec: Spec) -> Operands {
        let tokens = Operand(rows: spec.map.count, width: spec.channels, stride: spec.stride)
        return Operands(
            inputs: [tokens], outputs: [tokens], weightBytes: 4 * (9 + 1) * spec.channels)
    }

    public static func macs(_ spec: Spec) -> Int { spec.map.count * spec.channels * 9 }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.map.count, channels: spec.channels, lanes: isa.lanes)
        return Work(
            fmas: 9 * count, operations: Work.gelu(on: isa) * count, accesses: 20 * count,
            units: spec.map.height
        ).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "depthwise_gelu/kernel.c",
            operation: "depthwise_gelu_\(spec.map)x\(spec.channels)"
                + (spec.stride == spec.channels ? "" : "_stride\(spec.stride)"),
            headers: ["depthwise_row.h", "packing.h"],
            fields: mapFields(spec.map, spec.channels) + [ShapeField("stride", spec.stride)],
            rules: spec.map.rules
        ) { MapContext($0, spec.map, spec.channels, stride: spec.stride) }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.channels)", fused: ["GELU"])
    }
}
