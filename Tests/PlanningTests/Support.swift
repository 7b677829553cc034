import Networks
import Planning

/// A counter-based generator, so that a failing case is the same one in the next run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 }

    /// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

enum Sample {
    /// Every kernel occurs: both branches with and without pooling, merging, head.
    static func tiny(qkScale: Double? = nil) throws -> Network {
        .litv2(
            try LITv2(name: "tiny", height: 32, width: 48) {
                PatchEmbedding(channels: 8)
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 2, alpha: 0.5, qkScale: qkScale)
                    ConvFFN(ratio: 2.5)
                }
                TokenMerging()
                Stage(depth: 1) {
                    HiLoAttention(heads: 4, window: 1)
                    ConvFFN()
                }
                Classifier(classes: 5)
            })
    }

    static func small(alpha: Double = 0.9, window: Int = 2) throws -> Network {
        .litv2(try Preset.small.network(alpha: alpha, window: window))
    }

    static func layer(
        dim: Int = 24, heads: Int = 4, window: Int = 2, alpha: Double = 0.5, bias: Bool = true
    ) throws -> Network {
        .hilo(
            try HiLo(
                dim: dim, heads: heads, window: window, alpha: alpha, qkvBias: bias, height: 6,
                width: 12))
    }

    /// A small network of random shape: 1 to 4 stages, attention anywhere, empty stages too.
    static func random(seed: Int) throws -> Network {
        var generator = SeededGenerator(seed: seed)
        let stages = Int.random(in: 1...4, using: &generator)
        let multiple = LITv2.patch << (stages - 1)
        let resolution = Resolution(
            height: multiple * Int.random(in: 1...4, using: &generator),
            width: multiple * Int.random(in: 1...4, using: &generator))
        let channels = [4, 8, 12, 20].randomElement(using: &generator) ?? 4
        let parts = try (0..<stages).flatMap { index -> [any NetworkPart] in
            let map = resolution.divided(by: LITv2.patch << index)
            let stage = try randomStage(channels: channels << index, map, using: &generator)
            return index == 0 ? [stage] : [TokenMerging(), stage]
        }
        let classes = [0, 1, 7].randomElement(using: &generator) ?? 0
        return .litv2(
            try LITv2(name: "random", height: resolution.height, width: resolution.width) {
                PatchEmbedding(channels: channels)
                for part in parts { part }
                Classifier(classes: classes)
            })
    }

    private static func randomStage(
        channels: Int, _ map: Resolution, using generator: inout SeededGenerator
    ) throws -> Stage {
        let depth = Int.random(in: 0...2, using: &generator)
        let ratio: Double = [1, 2.5, 4].randomElement(using: &generator) ?? 1
        guard Bool.random(using: &generator) else {
            return Stage(depth: depth) { ConvFFN(ratio: ratio) }
        }
        let windows = (1...4).filter { map.height % $0 == 0 && map.width % $0 == 0 }
        let attention = HiLoAttention(
            heads: [1, 2, 4].randomElement(using: &generator) ?? 1,
            window: windows.randomElement(using: &generator) ?? 1,
            alpha: Double.random(in: 0...1, using: &generator),
            qkvBias: Bool.random(using: &generator))
        return Stage(depth: depth) {
            attention
            ConvFFN(ratio: ratio)
        }
    }
}

extension Network {
    func plan(_ isa: ISA = .avx512, maxBatch: Int = 8) throws -> Plan {
        try Planner(self, Target(isa: isa, maxBatch: maxBatch)).plan()
    }
}

extension Graph {
    func count(where predicate: (Operation) -> Bool) -> Int {
        nodes.count { predicate($0.operation) }
    }

    /// Labels of the nodes whose label begins with `prefix`, without it.
    func labels(_ prefix: String) -> [String] {
        nodes.map(\.label).filter { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)) }
    }
}

extension Operation {
    var isLinear: Bool { if case .linear = self { true } else { false } }
    var isBatchNorm: Bool { if case .batchNorm = self { true } else { false } }
}

extension Graph {
    /// The groups that became the steps of `plan`.
    func fused(asIn plan: Plan) -> [Group] {
        let whole = Planner.Decisions(of: plan).convFFN ?? [:]
        return fused { whole[$0] != nil }
    }
}
