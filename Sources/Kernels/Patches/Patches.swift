import Graphs
import Machines

/// The patches of an image as rows, in the order plane, row, column; those at the right and bottom
/// border are filled up with zeros.
public enum Patches: KernelFamily {
    public static let id = "patches"

    public struct Spec: Sendable, Hashable, Codable {
        public let image: Resolution
        public let side: Int
        /// What the rows' elements are; nil is single precision.
        public let output: ElementType?

        public init(image: Resolution, side: Int, output: ElementType = .f32) {
            self.image = image
            self.side = side
            self.output = output.inSpec
        }

        public var map: Resolution { image.dividedRoundingUp(by: side) }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .patches(let side) = graph.nodes[node].operation else { return nil }
        let image = graph.tensors[graph.nodes[node].inputs[0]].map
        return Match(
            Spec(image: image, side: side, output: graph.outputType(of: node)), graph, node)
    }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [Operand(rows: spec.image.count, width: 3)],
            outputs: [
                Operand(
                    rows: spec.map.count, width: 3 * spec.side * spec.side,
                    type: spec.output)
            ])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let values = Double(3 * spec.image.count)
        return Work(
            accesses: 2 * values / Double(min(isa.lanes, spec.side)), units: spec.map.height
        )
        .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "patches/kernel.c",
            operation: "patches_\(spec.image)_\(spec.side)x\(spec.side)"
                + elementSuffix("out", spec.output),
            fields: mapFields(spec.image) + [ShapeField("patch", spec.side)]
                + elementFields("output", spec.output),
            rules: spec.image.rules
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width: String
        let patch: Int
        let sizes: SizeTags
        let output: ElementTags

        init(name: String, _ spec: Spec) {
            self.name = name
            (height, width) = (spec.image.heightText, spec.image.widthText)
            patch = spec.side
            sizes = SizeTags(spec.image)
            output = ElementTags(spec.output)
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.image) by \(spec.side)")
    }
}
