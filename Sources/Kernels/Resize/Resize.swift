import Graphs
import Machines

/// A map brought to another size by bilinear interpolation (align_corners false), on its own or added to a map of
/// that size, which the sum may replace.
public enum Resize: KernelFamily {
    public static let id = "resize"

    public struct Spec: Sendable, Hashable, Codable {
        public let map, resized: Resolution
        public let channels: Int
        /// Whether a second input is added.
        public let isSum: Bool
        /// Floats from one token to the next; that of the second input counts where there is one.
        public var inputStride, sumStride, outputStride: Int

        public init(
            map: Resolution, resized: Resolution, channels: Int, isSum: Bool,
            inputStride: Int? = nil, sumStride: Int? = nil, outputStride: Int? = nil
        ) {
            self.map = map
            self.resized = resized
            self.channels = channels
            self.isSum = isSum
            self.inputStride = inputStride ?? channels
            self.sumStride = sumStride ?? channels
            self.outputStride = outputStride ?? channels
        }
    }

    /// With the sum behind it where that is all that reads it.
    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard graph.nodes[node].operation == .resize else { return nil }
        let input = graph.nodes[node].inputs[0]
        let sum = graph.sum(behind: node)
        let spec = Spec(
            map: graph.tensors[input].map,
            resized: graph.tensors[graph.nodes[node].output].map,
            channels: graph.tensors[input].channels, isSum: sum != nil)
        guard let sum else { return Match(spec, graph, node) }
        return Match(
            spec, nodes: [node, sum], label: graph.nodes[node].label,
            inputs: [Slot(input), Slot(graph.nodes[sum].inputs[0])],
            outputs: [Slot(graph.nodes[sum].output)])
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride, \.sumStride] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        let (rows, channels) = (spec.resized.count, spec.channels)
        let input = Operand(rows: spec.map.count, width: channels, stride: spec.inputStride)
        let sum = Operand(rows: rows, width: channels, stride: spec.sumStride)
        return Operands(
            inputs: spec.isSum ? [input, sum] : [input],
            outputs: [Operand(rows: rows, width: channels, stride: spec.outputStride)],
            replaced: spec.isSum ? [0: 1] : [:])
    }

    /// Four tokens for each.
    public static func macs(_ spec: Spec) -> Int { 4 * spec.resized.count * spec.channels }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.resized.count, channels: spec.channels, lanes: isa.lanes)
        let sums = spec.isSum ? count : 0
        return Work(
            fmas: 3 * count, operations: count + sums, accesses: 5 * count + sums,
            units: spec.resized.height
        ).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "resize/kernel.c",
            operation: "resize_\(spec.map)x\(spec.channels)_to_\(spec.resized)"
                + (spec.isSum ? "_sum" : "")
                + strideSuffix("in", spec.inputStride, dense: spec.channels)
                + strideSuffix("to", spec.sumStride, dense: spec.channels)
                + strideSuffix("out", spec.outputStride, dense: spec.channels),
            headers: ["bilinear.h"],
            fields: mapFields(spec.map, spec.channels) + [
                ShapeField("resized_height", spec.resized.height),
                ShapeField("resized_width", spec.resized.width),
                ShapeField("is_sum", spec.isSum ? 1 : 0),
                ShapeField("input_stride", spec.inputStride),
                ShapeField("sum_stride", spec.sumStride),
                ShapeField("output_stride", spec.outputStride),
            ], rules: spec.map.rules + spec.resized.rules
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width, resizedHeight, resizedWidth: String
        let channels, isSum: Int
        let sizes: SizeTags
        let inputStride, sumStride, outputStride: Int

        init(name: String, _ spec: Spec) {
            self.name = name
            (height, width) = (spec.map.heightText, spec.map.widthText)
            (resizedHeight, resizedWidth) = (spec.resized.heightText, spec.resized.widthText)
            channels = spec.channels
            sizes = SizeTags(spec.map, type: "map_sizes", name: "sizes")
            isSum = spec.isSum ? 1 : 0
            (inputStride, sumStride) = (spec.inputStride, spec.sumStride)
            outputStride = spec.outputStride
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.map)x\(spec.channels) to \(spec.resized)", fused: spec.isSum ? ["sum"] : [])
    }
}

extension Graph {
    /// The sum that takes the output of node `index` as its second term and the first one from before it.
    fileprivate func sum(behind index: Int) -> Int? {
        guard let sum = follower(of: index, is: .add) else { return nil }
        let terms = nodes[sum].inputs
        guard terms.count == 2, terms[1] == nodes[index].output, terms[0] != terms[1],
            producer(of: terms[0]) ?? -1 < index
        else { return nil }
        return sum
    }
}
