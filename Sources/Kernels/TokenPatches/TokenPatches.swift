import Graphs
import Machines

/// Squares of side×side tokens as rows, token by token: the input of a convolution of that side and
/// stride, as spatial-reduction attention has (arXiv 2102.12122). What is left over at the right and
/// the bottom is left out.
public enum TokenPatches: KernelFamily {
    public static let id = "token_patches"

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        public let side: Int
        /// Floats from one output row to the next.
        public var outputStride: Int

        public init(map: Resolution, channels: Int, side: Int, outputStride: Int? = nil) {
            self.map = map
            self.channels = channels
            self.side = side
            self.outputStride = outputStride ?? side * side * channels
        }

        public var reduced: Resolution { map.divided(by: side) }
        public var width: Int { side * side * channels }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .tokenPatches(let side) = graph.nodes[node].operation else { return nil }
        let tokens = graph.tensors[graph.nodes[node].inputs[0]]
        return Match(Spec(map: tokens.map, channels: tokens.channels, side: side), graph, node)
    }

    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [\.outputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [Operand(rows: spec.map.count, width: spec.channels)],
            outputs: [
                Operand(rows: spec.reduced.count, width: spec.width, stride: spec.outputStride)
            ])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.reduced.count, channels: spec.width, lanes: isa.lanes)
        return Work(accesses: 2 * count, units: spec.reduced.height)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "token_patches/kernel.c",
            operation: "token_patches_\(spec.map)x\(spec.channels)_\(spec.side)x\(spec.side)"
                + strideSuffix("out", spec.outputStride, dense: spec.width),
            fields: mapFields(spec.map, spec.channels) + [
                ShapeField("side", spec.side), ShapeField("output_stride", spec.outputStride),
            ]
        ) { name in
            MapContext(
                name, spec.map, spec.channels, stride: spec.outputStride, window: spec.side)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.channels) by \(spec.side)")
    }
}
