import Graphs
import Machines

/// Boxes with a class, out of proposals with a box for each class.
public enum RegionDetection: KernelFamily {
    public static let id = "region_detections"

    public struct Spec: Sendable, Hashable, Codable {
        public let rule: RegionRule
        /// In pixels: where pictures without a frame end.
        public let input: Resolution

        public init(rule: RegionRule, input: Resolution) {
            self.rule = rule
            self.input = input
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .regionDetections(let rule) = graph.nodes[node].operation else { return nil }
        return Match(Spec(rule: rule, input: graph.tensors[Graph.input].map), graph, node)
    }

    public static func operands(_ spec: Spec) -> Operands {
        let rule = spec.rule
        return Operands(
            inputs: [
                Operand(rows: rule.proposals, width: rule.classes + 1),
                Operand(rows: rule.proposals, width: 4 * rule.classes),
                Operand(rows: rule.proposals, width: AnchorRule.proposalWidth),
            ],
            outputs: [Operand(rows: rule.most, width: AnchorRule.detectionWidth)])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }

    /// Six values a proposal, and the boxes that are kept.
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int {
        4 * (6 * spec.rule.proposals + keptBoxFloats(spec.rule.most))
    }

    /// An exponential for every logit, one by one.
    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let logits = Double(spec.rule.proposals * (spec.rule.classes + 1))
        return Work(operations: 12 * logits, accesses: 3 * logits)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        let rule = spec.rule, input = spec.input
        return KernelSource(
            template: "region_detections/kernel.c",
            operation: "region_detections_\(rule.proposals)x\(rule.classes)_in\(input)"
                + "_above\(tenThousandths(rule.scoreThreshold))"
                + "_overlap\(tenThousandths(rule.overlap))_most\(rule.most)"
                + "_era\(rule.era.rawValue)",
            headers: ["boxes.h", "selection.h", "suppression.h"],
            fields: [
                ShapeField("era", rule.era.rawValue), ShapeField("regions", rule.proposals),
                ShapeField("classes", rule.classes), ShapeField("most", rule.most),
                ShapeField("threshold", constant: "\(rule.scoreThreshold)"),
                ShapeField("overlap", constant: "\(rule.overlap)"),
                ShapeField("input_height", input.height), ShapeField("input_width", input.width),
            ], rules: input.rules
        ) { name in
            Context(
                name: name, flexible: input.isFlexible, inputHeight: input.heightText,
                inputWidth: input.widthText, regions: rule.proposals,
                classes: rule.classes, boxes: rule.most,
                suppressesOriginal: rule.era == .two ? 1 : 0,
                threshold: literal(rule.scoreThreshold), overlap: literal(rule.overlap))
        }
    }

    private struct Context: Sendable {
        let name: String
        let flexible: Bool
        let inputHeight, inputWidth: String
        let regions, classes, boxes, suppressesOriginal: Int
        let threshold, overlap: String
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.rule.proposals)x\(spec.rule.classes) to \(spec.rule.most)")
    }
}
