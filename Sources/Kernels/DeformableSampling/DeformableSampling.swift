import Graphs
import Machines

/// Bilinear samples at the four points of a 2×2 kernel with stride 2, each moved by an offset that a
/// 2×2 convolution predicts: the input of deformable token merging (LITv2, section 3.3; DCN v1). An odd
/// last row or column of tokens merges into none.
public enum DeformableSampling: KernelFamily {
    public static let id = "sampling"
    public static let role = KernelRole.sampling

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        /// Elements from one output row to the next.
        public var outputStride: Int
        /// What the output's elements are; nil is single precision.
        public let output: ElementType?

        public init(
            map: Resolution, channels: Int, outputStride: Int? = nil, output: ElementType = .f32
        ) {
            self.map = map
            self.channels = channels
            self.outputStride = outputStride ?? 4 * channels
            self.output = output.inSpec
        }

        public var merged: Resolution { map.divided(by: 2) }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .deformableSamples(let parameter) = graph.nodes[node].operation else {
            return nil
        }
        let tokens = graph.tensors[graph.nodes[node].inputs[0]]
        let block = WeightBlock(
            graph.nodes[node].label,
            weights(
                parameter, channels: tokens.channels,
                scales: graph.tensors[graph.nodes[node].output].scales))
        return Match(
            Spec(
                map: tokens.map, channels: tokens.channels, output: graph.outputType(of: node)),
            graph, node,
            weights: [.block(block)])
    }

    /// Eight filters of four points, then 8 biases; for integers what samples are multiplied by at each
    /// point, and what is added.
    private static func weights(_ parameter: String, channels: Int, scales: String?) -> Packing {
        let points = (0..<32).map {
            PackedRow(
                "\(parameter).weight", start: $0 / 4 * channels * 4 + $0 % 4, stride: 4,
                count: channels)
        }
        return .rows(
            points + [PackedRow("\(parameter).bias", count: 8)]
                + PackedRow.quantising(by: scales, count: channels, rows: 4), width: channels)
    }

    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [Operand(rows: spec.map.count, width: spec.channels)],
            outputs: [
                Operand(
                    rows: spec.merged.count, width: 4 * spec.channels, stride: spec.outputStride,
                    type: spec.output)
            ], weightBytes: 4 * 8 * (4 * spec.channels + 1))
    }

    /// Eight offset filters and four corners of four points, for each merged token.
    public static func macs(_ spec: Spec) -> Int {
        spec.merged.count * 4 * spec.channels * (8 + 4)
    }

    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.map.count, channels: spec.channels, lanes: isa.lanes)
        return Work(
            fmas: 12 * count, operations: 2 * count, accesses: 16 * count,
            units: spec.merged.height
        ).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "sampling/kernel.c",
            operation: "sampling_\(spec.map)x\(spec.channels)"
                + strideSuffix("out", spec.outputStride, dense: 4 * spec.channels)
                + elementSuffix("out", spec.output),
            headers: ["packing.h"],
            fields: mapFields(spec.map, spec.channels) + [
                ShapeField("output_stride", spec.outputStride)
            ] + elementFields("output", spec.output), rules: spec.map.rules
        ) {
            MapContext(
                $0, spec.map, spec.channels, stride: spec.outputStride, output: spec.output)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.channels)", fused: ["offsets"])
    }
}
