import Graphs
import Machines

/// The best logits of anchors and classes, for each chunk of a pyramid's tokens: what may become a
/// box.
public enum CandidateSelection: KernelFamily {
    public static let id = "candidates"

    public struct Spec: Sendable, Hashable, Codable {
        /// What boxes depend on alone is left out.
        public let rule: AnchorRule

        public init(rule: AnchorRule) { self.rule = rule.ofLogits }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .candidates(let rule) = graph.nodes[node].operation, rule.fitsKernels else {
            return nil
        }
        return Match(Spec(rule: rule), graph, node)
    }

    public static func operands(_ spec: Spec) -> Operands {
        let rule = spec.rule
        return Operands(
            inputs: [Operand(rows: rule.tokens, width: rule.logits)],
            outputs: [Operand(rows: 1, width: rule.candidateFloats)])
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    /// A comparison for each logit.
    public static func flops(_ spec: Spec) -> Int { spec.rule.tokens * spec.rule.logits }

    /// Twice as many as are wanted wait for the choice: scores and numbers.
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int {
        4 * AnchorRule.selectionFloats * spec.rule.slot
    }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.rule.tokens, channels: spec.rule.logits, lanes: isa.lanes)
        return Work(operations: count, accesses: count, units: spec.rule.chunks.reduce(0, +))
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        let rule = spec.rule, input = Resolution(height: 0, width: 0)
        return KernelSource(
            template: "candidates/kernel.c",
            operation: "candidates_\(rule.shape)_\(rule.limits)",
            headers: ["boxes.h", "selection.h"], fields: rule.fields(input),
            rules: rule.levels.flatMap(\.map.rules)
        ) { AnchorContext($0, rule, input) }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords("\(spec.rule.tokens)x\(spec.rule.logits), \(spec.rule.slot) a chunk")
    }
}

extension AnchorRule {
    /// The same candidates, with nothing to tell which boxes they have.
    var ofLogits: AnchorRule {
        AnchorRule(
            era: era, levels: levels.map { PyramidLevel(map: $0.map, stride: 1) },
            scales: scales.map { _ in 1 }, classes: classes, scoreThreshold: scoreThreshold,
            overlap: 1, candidates: candidates, most: 0)
    }

    /// Of a choice's working memory, for each that is wanted.
    static let selectionFloats = 4

    var tokens: Int { levels.tokens }

    /// Whether arrays of the C hold its levels and its scales: `MOST_LEVELS` of anchors.h.
    var fitsKernels: Bool { levels.count <= 8 && scales.count <= 8 }

    /// Bytes of working memory of a kernel that makes boxes of candidates: those of one level, all
    /// scores, their places in a heap, the candidates (two boxes and three numbers), and the boxes
    /// that are kept.
    var boxScratch: Int {
        let all = levels.count * candidates
        return 4 * (Self.selectionFloats * candidates + (2 + 11) * all + keptBoxFloats(most))
    }

    /// Values of logits, deltas and candidates that become at most `most` boxes.
    var boxInputs: [Operand] {
        [
            Operand(rows: 1, width: candidateFloats), Operand(rows: tokens, width: logits),
            Operand(rows: tokens, width: 4 * anchors),
        ]
    }

    /// Decoding, and comparisons of each candidate with the boxes that are kept until then.
    func boxWork(on isa: ISA) -> Work {
        let all = Double(levels.count * candidates)
        let comparisons = Double(most * most / 2 / isa.lanes)
        return Work(
            operations: 60 * all + 15 * comparisons, accesses: 20 * all + 5 * comparisons,
            l2Bytes: 4 * Double(candidateFloats))
    }
}

/// Working memory of suppression, in whole vectors of every instruction set.
func keptBoxFloats(_ most: Int) -> Int { 5 * most.rounded(upTo: 16) }
