import Graphs
import Machines

/// A depthwise 3×3 convolution with zero padding 1 and a bias, then GELU.
public enum DepthwiseGELU: KernelFamily {
    public static let id = "depthwise_gelu"
    public static let role = KernelRole.depthwise

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        /// Floats from one token of the input to the next.
        public var stride: Int
        /// What the output's elements are; nil is single precision.
        public let output: ElementType?
        /// Elements from one token of the output to the next; nil where it is not narrow and they are
        /// as far apart as those of the input.
        private var narrowStride: Int?

        public init(
            map: Resolution, channels: Int, stride: Int? = nil, output: ElementType = .f32,
            outputStride: Int? = nil
        ) {
            self.map = map
            self.channels = channels
            self.stride = stride ?? channels
            self.output = output.inSpec
            narrowStride = self.output == nil ? nil : channels
            if let outputStride { self.outputStride = outputStride }
        }

        public var outputStride: Int {
            get { narrowStride ?? stride }
            set { narrowStride = output == nil && newValue == stride ? nil : newValue }
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard let parameter = graph.nodes[node].operation.depthwise,
            let gelu = graph.follower(of: node, is: .gelu)
        else { return nil }
        let (label, input) = (graph.nodes[node].label, graph.nodes[node].inputs[0])
        let tokens = graph.tensors[input]
        return Match(
            Spec(
                map: tokens.map, channels: tokens.channels, output: graph.outputType(of: gelu)),
            nodes: [node, gelu], label: label,
            inputs: [Slot(input)], outputs: [Slot(graph.nodes[gelu].output)],
            weights: [
                .block(
                    WeightBlock(
                        label,
                        weights(
                            parameter, channels: tokens.channels,
                            scales: graph.tensors[graph.nodes[gelu].output].scales)))
            ])
    }

    /// Nine taps, row by row, then the bias; for integers what GELU is multiplied by and what is added, and the taps
    /// are bf16, two of a channel in a word: they would be a fiftieth of the file.
    static func weights(_ parameter: String, channels: Int, scales: String?) -> Packing {
        let perWord = scales == nil ? 1 : ElementType.bf16.perWord
        let taps = stride(from: 0, to: 9, by: perWord).map {
            PackedRow(
                "\(parameter).weight", start: $0, stride: 9, count: channels,
                halves: scales == nil ? nil : min(perWord, 9 - $0))
        }
        return .rows(
            taps + [PackedRow("\(parameter).bias", count: channels)]
                + PackedRow.quantising(by: scales, count: channels), width: channels)
    }

    /// Of `weights`, where the output is of such elements.
    static func weightRows(_ output: ElementType?) -> Int { output == .int8 ? 5 + 1 + 2 : 9 + 1 }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.stride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        let tokens = Operand(rows: spec.map.count, width: spec.channels, stride: spec.stride)
        let active = Operand(
            rows: spec.map.count, width: spec.channels, stride: spec.outputStride,
            type: spec.output)
        return Operands(
            inputs: [tokens], outputs: [active],
            weightBytes: 4 * weightRows(spec.output) * spec.channels)
    }

    public static func macs(_ spec: Spec) -> Int { spec.map.count * spec.channels * 9 }

    /// Sums of a row of the map for one vector, where the output has no room for them.
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int {
        spec.output == nil ? 0 : 4 * spec.map.width * isa.lanes
    }

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
                + (spec.stride == spec.channels ? "" : "_stride\(spec.stride)")
                + strideSuffix(
                    "out", spec.outputStride,
                    dense: spec.output == nil ? spec.stride : spec.channels)
                + elementSuffix("out", spec.output),
            headers: ["depthwise_row.h", "packing.h"],
            fields: mapFields(spec.map, spec.channels) + [
                ShapeField("stride", spec.stride),
                ShapeField("output_stride", spec.outputStride),
            ] + elementFields("output", spec.output),
            rules: spec.map.rules
        ) {
            MapContext(
                $0, spec.map, spec.channels, stride: spec.stride,
                outputStride: spec.outputStride, output: spec.output)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.channels)", fused: ["GELU"])
    }
}
