import Graphs
import Machines

/// Boxes that a rule makes of candidates, logits and deltas of a pyramid's levels.
public struct AnchorBoxes: Sendable, Hashable, Codable {
    public let rule: AnchorRule
    /// In pixels: where pictures without a frame end.
    public let input: Resolution

    public init(rule: AnchorRule, input: Resolution) {
        self.rule = rule
        self.input = input
    }
}

/// Families whose kernels make such boxes, in templates that are called after them.
public protocol AnchorBoxFamily: KernelFamily where Spec == AnchorBoxes, Schedule == Fixed {
    /// Values of a box.
    static var width: Int { get }
    /// The rule of an operation that the family computes.
    static func rule(of operation: Operation) -> AnchorRule?
}

extension AnchorBoxFamily {
    public static func match(_ graph: Graph, at node: Int) -> Match<AnchorBoxes>? {
        guard let rule = rule(of: graph.nodes[node].operation), rule.fitsKernels else { return nil }
        return Match(AnchorBoxes(rule: rule, input: graph.tensors[Graph.input].map), graph, node)
    }

    public static func operands(_ spec: AnchorBoxes) -> Operands {
        Operands(
            inputs: spec.rule.boxInputs, outputs: [Operand(rows: spec.rule.most, width: width)])
    }

    public static func macs(_ spec: AnchorBoxes) -> Int { 0 }
    public static func scratch(_ spec: AnchorBoxes, _ how: Fixed, _ isa: ISA) -> Int {
        spec.rule.boxScratch
    }

    public static func work(
        _ spec: AnchorBoxes, _ how: Fixed, _ isa: ISA, batch: Int
    ) -> Work {
        spec.rule.boxWork(on: isa).times(batch)
    }

    public static func source(_ spec: AnchorBoxes, _ how: Fixed, _ isa: ISA) -> KernelSource {
        let rule = spec.rule, input = spec.input
        return KernelSource(
            template: "\(id)/kernel.c",
            operation: "\(id)_\(rule.shape)_\(rule.limits)_\(rule.boxes)_in\(input)",
            headers: ["anchors.h", "boxes.h", "selection.h", "suppression.h"],
            fields: rule.fields(input), rules: input.rules + rule.levels.flatMap(\.map.rules)
        ) { AnchorContext($0, rule, input) }
    }

    public static func words(_ spec: AnchorBoxes, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.rule.levels.count) levels to \(spec.rule.most)")
    }
}
