import Graphs
import Machines

/// Every second token of every second row, from the first one on.
public enum Subsample: KernelFamily {
    public static let id = "subsample"

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        /// Floats from one token to the next.
        public var inputStride, outputStride: Int

        public init(
            map: Resolution, channels: Int, inputStride: Int? = nil, outputStride: Int? = nil
        ) {
            self.map = map
            self.channels = channels
            self.inputStride = inputStride ?? channels
            self.outputStride = outputStride ?? channels
        }

        public var halved: Resolution { map.dividedRoundingUp(by: 2) }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard graph.nodes[node].operation == .subsample else { return nil }
        let tokens = graph.tensors[graph.nodes[node].inputs[0]]
        return Match(Spec(map: tokens.map, channels: tokens.channels), graph, node)
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [
                Operand(rows: spec.map.count, width: spec.channels, stride: spec.inputStride)
            ],
            outputs: [
                Operand(rows: spec.halved.count, width: spec.channels, stride: spec.outputStride)
            ])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.halved.count, channels: spec.channels, lanes: isa.lanes)
        return Work(accesses: 2 * count, units: spec.halved.height)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "subsample/kernel.c",
            operation: "subsample_\(spec.map)x\(spec.channels)"
                + strideSuffix("in", spec.inputStride, dense: spec.channels)
                + strideSuffix("out", spec.outputStride, dense: spec.channels),
            fields: mapFields(spec.map, spec.channels) + [
                ShapeField("input_stride", spec.inputStride),
                ShapeField("output_stride", spec.outputStride),
            ], rules: spec.map.rules
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width: String
        let channels, inputStride, outputStride: Int
        let sizes: SizeTags

        init(name: String, _ spec: Spec) {
            self.name = name
            (height, width) = (spec.map.heightText, spec.map.widthText)
            channels = spec.channels
            sizes = SizeTags(spec.map)
            (inputStride, outputStride) = (spec.inputStride, spec.outputStride)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.channels) by 2")
    }
}
