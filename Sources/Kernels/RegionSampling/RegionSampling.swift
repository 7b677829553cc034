import Graphs
import Machines

/// Means of bilinear samples in bins×bins parts of boxes on a pyramid: RoIAlign (He et al., arXiv 1703.06870).
///
/// A box takes the level of its size; a part is sampled at so many points that they are no further than a token
/// apart, but at no more than the map has tokens and two, in each direction. Boxes that are empty, or whose size is
/// not finite, give zeros.
public enum RegionSampling: KernelFamily {
    public static let id = "roi_align"
    public static let role = KernelRole.sampling

    public struct Spec: Sendable, Hashable, Codable {
        public let rule: RoIAlign
        public let channels: Int
        /// Tokens of the whole pyramid, which may have further levels.
        public let pyramid: TokenCount
        /// What the output's elements are; nil is single precision.
        public let output: ElementType?

        private enum CodingKeys: String, CodingKey {
            case rule, channels, output
            case pyramid = "tokens"
        }

        /// - Parameter tokens: nil is those of the levels that boxes are distributed over.
        public init(
            rule: RoIAlign, channels: Int, tokens: Int? = nil, output: ElementType = .f32
        ) {
            self.init(
                rule: rule, channels: channels,
                pyramid: TokenCount(tokens ?? rule.levels.tokens), output: output)
        }

        public init(
            rule: RoIAlign, channels: Int, pyramid: TokenCount, output: ElementType = .f32
        ) {
            self.rule = rule
            self.channels = channels
            self.pyramid = pyramid
            self.output = output.inSpec
        }

        public var tokens: Int { pyramid.count }

        var outputRows: Int { rule.boxes * rule.bins * rule.bins }

        /// The largest side of a map.
        var side: Int { rule.levels.map { max($0.map.height, $0.map.width) }.max() ?? 0 }
    }

    /// As many as the harness has room for.
    private static let mostLevels = 8

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .roiAlign(let rule) = graph.nodes[node].operation,
            (1...mostLevels).contains(rule.levels.count)
        else { return nil }
        let pyramid = graph.tensors[graph.nodes[node].inputs[1]]
        return Match(
            Spec(
                rule: rule, channels: pyramid.channels, pyramid: pyramid.tokens,
                output: graph.outputType(of: node)), graph, node)
    }

    public static func operands(_ spec: Spec) -> Operands {
        Operands(
            inputs: [
                Operand(rows: spec.rule.boxes, width: spec.rule.boxWidth),
                Operand(rows: spec.tokens, width: spec.channels),
            ],
            outputs: [Operand(rows: spec.outputRows, width: spec.channels, type: spec.output)])
    }

    /// Tokens along each direction of a part, of a box as large as most of them: three points, four tokens.
    private static let usualTokens = 4

    public static func macs(_ spec: Spec) -> Int {
        spec.outputRows * usualTokens * usualTokens * spec.channels
    }

    /// Weights of the tokens of each part, in both directions.
    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int {
        4 * 2 * spec.rule.bins * spec.side
    }

    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        let count = vectors(rows: spec.outputRows, channels: spec.channels, lanes: isa.lanes)
        let tokens = Double(usualTokens * usualTokens) * count
        return Work(fmas: tokens, accesses: tokens + count, units: spec.rule.boxes)
            .times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        let rule = spec.rule
        let levels = rule.levels.map { "\($0.map)_\($0.stride)" }.joined(separator: "_")
        return KernelSource(
            template: "roi_align/kernel.c",
            operation: "roi_align_\(rule.boxes)x\(rule.bins)x\(rule.bins)x\(spec.channels)"
                + "_\(rule.boxColumn)_of_\(rule.boxWidth)_levels_\(levels)"
                + "_of_\(spec.pyramid.name)" + elementSuffix("out", spec.output),
            fields: [
                ShapeField("boxes", rule.boxes), ShapeField("box_width", rule.boxWidth),
                ShapeField("box_column", rule.boxColumn), ShapeField("bins", rule.bins),
                ShapeField("channels", spec.channels), ShapeField("tokens", spec.tokens),
                ShapeField("levels", rule.levels.count),
                ShapeField("heights", list: rule.levels.map(\.map.height)),
                ShapeField("widths", list: rule.levels.map(\.map.width)),
                ShapeField("strides", list: rule.levels.map(\.stride)),
            ] + elementFields("output", spec.output),
            rules: rule.levels.flatMap(\.map.rules) + spec.pyramid.rules
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let boxes, boxWidth, boxColumn, bins, channels, tokens, side, levelCount: Int
        let levels: [Level]
        let sizes: SizeTags
        /// Maps of the whole pyramid.
        let mapCount: Int
        let output: ElementTags

        init(name: String, _ spec: Spec) {
            let rule = spec.rule
            self.name = name
            (boxes, boxWidth, boxColumn) = (rule.boxes, rule.boxWidth, rule.boxColumn)
            (bins, channels, tokens) = (rule.bins, spec.channels, spec.tokens)
            (side, levelCount) = (spec.side, rule.levels.count)
            sizes = SizeTags(
                rule.levels.map(\.map), type: "const pyramid_levels *", name: "levels")
            mapCount = spec.pyramid.rules.count
            output = ElementTags(spec.output)
            var first = 0
            levels = rule.levels.map { level in
                defer { first += level.map.count }
                return Level(
                    height: level.map.height, width: level.map.width, stride: level.stride,
                    first: first)
            }
        }
    }

    private struct Level: Sendable { let height, width, stride, first: Int }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.rule.boxes)x\(spec.rule.bins)x\(spec.rule.bins)x\(spec.channels) of "
                + "\(spec.rule.levels.count) levels")
    }
}
