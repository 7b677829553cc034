import Graphs
import Machines

/// The class with the largest logit at each pixel of a picture.
///
/// Logits are brought to the size of the input by bilinear interpolation, and what the picture is of it to the size of
/// the original by another one, both with align_corners false. The softmax between that and the largest value is
/// left out: it keeps the order, except that logits so close that their probabilities round to the same number would
/// give the lower class. Of equal logits the first class is taken.
public enum LabelOutput: KernelFamily {
    public static let id = "labels"

    public struct Spec: Sendable, Hashable, Codable {
        /// Of the logits.
        public let map: Resolution
        public let classes: Int
        /// Pixels of the input, which is the picture of a call that says nothing else.
        public let picture: Resolution
        /// Floats from one token to the next.
        public var inputStride: Int

        public init(map: Resolution, classes: Int, picture: Resolution, inputStride: Int? = nil) {
            self.map = map
            self.classes = classes
            self.picture = picture
            self.inputStride = inputStride ?? classes
        }

        /// Floats of a token of a row in work.
        var rowStride: Int { classes.rounded(upTo: Packing.rowUnit) }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard graph.nodes[node].operation == .labels else { return nil }
        let logits = graph.tensors[graph.nodes[node].inputs[0]]
        let labels = graph.tensors[graph.nodes[node].output]
        return Match(
            Spec(map: logits.map, classes: logits.channels, picture: labels.map), graph, node)
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [
                Operand(rows: spec.map.count, width: spec.classes, stride: spec.inputStride)
            ],
            outputs: [Operand(rows: spec.picture.count, width: 1)])
    }

    /// Two columns of logits for each pixel, and two rows for each of its rows.
    public static func macs(_ spec: Spec) -> Int {
        2 * spec.classes * spec.picture.height * (spec.picture.width + spec.map.width)
    }

    /// A row of logits at the height of a row of pixels.
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int {
        4 * spec.map.width * spec.rowStride
    }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let pixels = vectors(rows: spec.picture.count, channels: spec.classes, lanes: isa.lanes)
        let columns = vectors(
            rows: spec.picture.height * spec.map.width, channels: spec.classes, lanes: isa.lanes)
        return Work(
            fmas: pixels + columns, operations: 5 * pixels + columns,
            accesses: 2 * pixels + 3 * columns, units: spec.picture.height
        ).times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "labels/kernel.c",
            operation: "labels_\(spec.map)x\(spec.classes)_to_\(spec.picture)"
                + strideSuffix("in", spec.inputStride, dense: spec.classes),
            headers: ["bilinear.h"],
            fields: mapFields(spec.map) + [
                ShapeField("classes", spec.classes),
                ShapeField("picture_height", spec.picture.height),
                ShapeField("picture_width", spec.picture.width),
                ShapeField("input_stride", spec.inputStride),
            ], rules: spec.map.rules + spec.picture.rules
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width, pictureHeight, pictureWidth: String
        let classes, inputStride, rowStride: Int
        let sizes: SizeTags

        init(name: String, _ spec: Spec) {
            self.name = name
            (height, width) = (spec.map.heightText, spec.map.widthText)
            (pictureHeight, pictureWidth) = (spec.picture.heightText, spec.picture.widthText)
            (classes, inputStride, rowStride) = (spec.classes, spec.inputStride, spec.rowStride)
            sizes = SizeTags(spec.map, type: "map_sizes", name: "sizes")
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.map)x\(spec.classes) to \(spec.picture)")
    }
}
