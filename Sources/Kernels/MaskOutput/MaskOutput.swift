import Graphs
import Machines

/// The output of a 1×1 convolution that belongs to each detection's own class: its mask, as logits of a map of
/// twice the side. Rows of the first input are 2×2 points; those without a detection give zeros.
public enum MaskOutput: KernelFamily {
    public static let id = "mask_logits"

    public struct Spec: Sendable, Hashable, Codable {
        public let detections, classes: Int
        /// Rows of 2×2 points in each direction.
        public let side: Int
        /// Of a point.
        public let channels: Int
        /// Values of a detection, and which of them is the class.
        public let detectionWidth, classColumn: Int
        /// Floats from one row of points to the next.
        public var inputStride: Int

        public init(
            detections: Int, classes: Int, side: Int, channels: Int, detectionWidth: Int,
            classColumn: Int, inputStride: Int? = nil
        ) {
            self.detections = detections
            self.classes = classes
            self.side = side
            self.channels = channels
            self.detectionWidth = detectionWidth
            self.classColumn = classColumn
            self.inputStride = inputStride ?? 4 * channels
        }

        var rows: Int { detections * side * side }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .maskLogits(let mask) = graph.nodes[node].operation else { return nil }
        let inputs = graph.nodes[node].inputs.map { graph.tensors[$0] }
        let channels = inputs[0].channels / 4
        let weights = WeightBlock(mask.parameter, weights(mask, channels: channels))
        return Match(
            Spec(
                detections: mask.detections, classes: mask.classes, side: mask.side,
                channels: channels, detectionWidth: inputs[1].channels,
                classColumn: AnchorRule.detectionClass), graph, node, weights: [.block(weights)])
    }

    /// A row of each class, then the biases.
    private static func weights(_ mask: MaskLogits, channels: Int) -> Packing {
        let rows = (0..<mask.classes).map {
            PackedRow("\(mask.parameter).weight", start: $0 * channels, count: channels)
        }
        return .rows(
            rows + [PackedRow("\(mask.parameter).bias", count: mask.classes)],
            width: max(channels, mask.classes))
    }

    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [\.inputStride] }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [
                Operand(rows: spec.rows, width: 4 * spec.channels, stride: spec.inputStride),
                Operand(rows: spec.detections, width: spec.detectionWidth),
            ],
            outputs: [Operand(rows: spec.detections, width: 4 * spec.side * spec.side)],
            weightBytes: 4 * spec.classes * (spec.channels + 1))
    }

    public static func macs(_ spec: Spec) -> Int { 4 * spec.rows * spec.channels }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int { 0 }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.rows, channels: spec.channels, lanes: isa.lanes)
        return Work(fmas: 4 * count, accesses: 5 * count, units: spec.detections * spec.side)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "mask_logits/kernel.c",
            operation: "mask_logits_\(spec.detections)x\(spec.side)x\(spec.channels)"
                + "_\(spec.classes)_classes_\(spec.classColumn)_of_\(spec.detectionWidth)"
                + strideSuffix("in", spec.inputStride, dense: 4 * spec.channels),
            headers: ["packing.h"],
            fields: [
                ShapeField("detections", spec.detections), ShapeField("classes", spec.classes),
                ShapeField("side", spec.side), ShapeField("channels", spec.channels),
                ShapeField("detection_width", spec.detectionWidth),
                ShapeField("class_column", spec.classColumn),
                ShapeField("input_stride", spec.inputStride),
            ]
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let detections, classes, side, channels: Int
        let detectionWidth, classColumn, inputStride: Int

        init(name: String, _ spec: Spec) {
            self.name = name
            (detections, classes) = (spec.detections, spec.classes)
            (side, channels) = (spec.side, spec.channels)
            (detectionWidth, classColumn) = (spec.detectionWidth, spec.classColumn)
            inputStride = spec.inputStride
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.detections) of \(2 * spec.side)x\(2 * spec.side)x\(spec.channels), "
                + "\(spec.classes) classes")
    }
}
