import Graphs
import Machines

/// A stage's token map as an output of the library, through a LayerNorm when `isNormalised`.
public enum FeatureOutput: KernelFamily {
    public static let id = "feature_map"

    public struct Spec: Sendable, Hashable, Codable {
        public let map: Resolution
        public let channels: Int
        public let isNormalised: Bool
        public let layout: FeatureLayout

        public init(map: Resolution, channels: Int, isNormalised: Bool, layout: FeatureLayout) {
            self.map = map
            self.channels = channels
            self.isNormalised = isNormalised
            self.layout = layout
        }

        /// The LayerNorm that it goes through.
        var norm: LayerNorm.Spec? {
            isNormalised ? LayerNorm.Spec(rows: map.count, channels: channels) : nil
        }

        /// Tokens that leave together, as one run of each plane: 96 KiB stay in L2 with the planes'
        /// lines.
        var block: Int { max(16, 24_576 / channels / 16 * 16) }

        /// Floats from token to token of a block: whole cache lines, and an odd number of them,
        /// because a power of two would put a channel of all tokens into few sets of the L1 cache.
        var blockStride: Int { 16 * (channels.dividedRoundingUp(by: 16) | 1) }
    }

    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard case .featureMap(let norm, let layout) = graph.nodes[node].operation else {
            return nil
        }
        let tokens = graph.tensors[graph.nodes[node].inputs[0]]
        let weights = norm.map {
            WeightUse.block(
                WeightBlock(graph.nodes[node].label, .norm($0, channels: tokens.channels)))
        }
        return Match(
            Spec(
                map: tokens.map, channels: tokens.channels, isNormalised: norm != nil,
                layout: layout), graph, node, weights: weights.map { [$0] } ?? [])
    }

    public static func operands(_ spec: Spec) -> Operands {
        let tokens = Operand(rows: spec.map.count, width: spec.channels)
        let planes = Operand(rows: spec.channels, width: spec.map.count)
        return Operands(
            inputs: [tokens], outputs: [spec.layout == .planes ? planes : tokens],
            weightBytes: spec.norm.map { LayerNorm.operands($0).weightBytes } ?? 0)
    }

    public static func macs(_ spec: Spec) -> Int { 0 }
    public static func flops(_ spec: Spec) -> Int { spec.norm.map(LayerNorm.flops) ?? 0 }

    public static func scratch(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> Int {
        spec.layout == .planes ? 4 * spec.block * spec.blockStride : 0
    }

    /// Copying, behind a LayerNorm.
    public static func work(_ spec: Spec, _ how: Fixed, _ isa: ISA, batch: Int) -> Work {
        var work = spec.norm.map { LayerNorm.work($0, how, isa, batch: 1) } ?? Work()
        work.accesses +=
            2 * vectors(rows: spec.map.count, channels: spec.channels, lanes: isa.lanes)
        work.units = spec.map.count
        return work.times(batch, Traffic(operands(spec)))
    }

    public static func source(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelSource {
        KernelSource(
            template: "feature_map/\(spec.layout.rawValue).c",
            operation: "feature_map_\(spec.map)x\(spec.channels)"
                + (spec.isNormalised ? "_norm" : "") + "_\(spec.layout.rawValue)",
            headers: ["layer_norm_row.h", "packing.h"],
            fields: mapFields(spec.map, spec.channels) + [
                ShapeField("is_normalised", spec.isNormalised ? 1 : 0),
                ShapeField("is_planes", spec.layout == .planes ? 1 : 0),
            ]
        ) { Context(name: $0, spec) }
    }

    private struct Context: Sendable {
        let name: String
        let height, width, channels, block, stride, isNormalised: Int

        init(name: String, _ spec: Spec) {
            self.name = name
            (height, width, channels) = (spec.map.height, spec.map.width, spec.channels)
            (block, stride) = (spec.block, spec.blockStride)
            isNormalised = spec.isNormalised ? 1 : 0
        }
    }

    public static func words(_ spec: Spec, _ how: Fixed, _ isa: ISA) -> KernelWords {
        KernelWords(
            "\(spec.map)x\(spec.channels), \(spec.layout.rawValue)",
            fused: spec.isNormalised ? ["LayerNorm"] : [])
    }
}
