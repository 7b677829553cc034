import Graphs
import Machines

/// Boxes with a class, out of the candidates of a pyramid's levels.
public enum AnchorDetection: KernelFamily {
    public static let id = "detections"

    public struct Spec: Sendable, Hashable, Codable {
        public let rule: AnchorRule
        /// In pixels: where pictures without a frame end.
        public let input: Resolution

        public init(rule: AnchorRule, input: Resolution) {
            self.rule = rule
            self.input = input
        }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .detections(let rule) = graph.nodes[node].operation else { return nil }
        return Match(Spec(rule: rule, input: graph.tensors[Graph.input].map), graph, node)
    }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: spec.rule.boxInputs,
            outputs: [Operand(rows: spec.rule.most, width: AnchorRule.detectionWidth)])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int {
        spec.rule.boxScratch
    }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        spec.rule.boxWork(on: isa, most: spec.rule.most).times(batch)
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        let rule = spec.rule, input = spec.input
        return KernelSource(
            template: "detections/kernel.c",
            operation: "detections_\(rule.shape)_\(rule.limits)_\(rule.boxes)_in\(input)",
            headers: ["anchors.h", "boxes.h", "selection.h", "suppression.h"],
            fields: rule.fields(input)
        ) { AnchorContext($0, rule, input) }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.rule.levels.count) levels to \(spec.rule.most)")
    }
}
