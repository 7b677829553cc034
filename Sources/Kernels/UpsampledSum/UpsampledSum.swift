import Graphs
import Machines

/// A map plus a coarser one, of which each token takes the nearest: the way down of a feature pyramid (Lin et al.,
/// arXiv 1612.03144). The sum may replace the fine map.
public enum UpsampledSum: KernelFamily {
    public static let id = "upsampled_sum"

    public struct Spec: Sendable, Hashable, Codable {
        public let map, coarse: Resolution
        public let channels: Int
        /// Floats from one token to the next.
        public var fineStride, coarseStride, outputStride: Int

        public init(
            map: Resolution, coarse: Resolution, channels: Int, fineStride: Int? = nil,
            coarseStride: Int? = nil, outputStride: Int? = nil
        ) {
            self.map = map
            self.coarse = coarse
            self.channels = channels
            self.fineStride = fineStride ?? channels
            self.coarseStride = coarseStride ?? channels
            self.outputStride = outputStride ?? channels
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard graph.nodes[node].operation == .upsampledSum else { return nil }
        let inputs = graph.nodes[node].inputs.map { graph.tensors[$0] }
        return Match(
            Spec(map: inputs[0].map, coarse: inputs[1].map, channels: inputs[0].channels), graph,
            node)
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] {
        [\.fineStride, \.coarseStride]
    }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        let (rows, channels) = (spec.map.count, spec.channels)
        return Operands(
            inputs: [
                Operand(rows: rows, width: channels, stride: spec.fineStride),
                Operand(rows: spec.coarse.count, width: channels, stride: spec.coarseStride),
            ],
            outputs: [Operand(rows: rows, width: channels, stride: spec.outputStride)],
            replaced: [0: 0])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func flops(_ spec: Spec) -> Int { spec.map.count * spec.channels }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.map.count, channels: spec.channels, lanes: isa.lanes)
        return Work(operations: count, accesses: 3 * count, units: spec.map.height)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "upsampled_sum/kernel.c",
            operation: "upsampled_sum_\(spec.map)x\(spec.channels)_from_\(spec.coarse)"
                + strideSuffix("fine", spec.fineStride, dense: spec.channels)
                + strideSuffix("coarse", spec.coarseStride, dense: spec.channels)
                + strideSuffix("out", spec.outputStride, dense: spec.channels),
            fields: mapFields(spec.map, spec.channels) + [
                ShapeField("coarse_height", spec.coarse.height),
                ShapeField("coarse_width", spec.coarse.width),
                ShapeField("fine_stride", spec.fineStride),
                ShapeField("coarse_stride", spec.coarseStride),
                ShapeField("output_stride", spec.outputStride),
            ], rules: spec.map.rules + spec.coarse.rules
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width, coarseHeight, coarseWidth: String
        let channels: Int
        let fineStride, coarseStride, outputStride: Int
        let flexible: Bool
        let takes, gives: String

        init(name: String, _ spec: Spec) {
            self.name = name
            (height, width) = (spec.map.heightText, spec.map.widthText)
            (coarseHeight, coarseWidth) = (spec.coarse.heightText, spec.coarse.widthText)
            channels = spec.channels
            let sizes = SizeTags(spec.map, type: "map_sizes", name: "sizes")
            (flexible, takes, gives) = (sizes.flexible, sizes.takes, sizes.gives)
            (fineStride, coarseStride) = (spec.fineStride, spec.coarseStride)
            outputStride = spec.outputStride
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.channels) + \(spec.coarse)")
    }
}
