import Networks
import Reference
import TestFixtures
import Testing

/// MSA, SRA and window attention with seeded weights against PyTorch in double precision.
@Suite struct FixtureAttentionTests {
    @Test func everyKindHasCases() throws {
        let kinds = try AttentionCase.load().cases.map(\.kind)
        #expect(kinds.count { $0 == .msa } >= 10)
        for ratio in 1...4 { #expect(kinds.contains(.sra(ratio: ratio))) }
        for side in [1, 2, 3, 7] {
            for (shift, positionBias) in [(0, false), (0, true), (side - 1, true)] {
                #expect(
                    kinds.contains(.window(side: side, shift: shift, positionBias: positionBias)),
                    "window \(side), shift \(shift), position bias \(positionBias)")
            }
        }
    }

    @Test(arguments: try AttentionCase.load().cases)
    func agrees(case layer: AttentionCase) throws {
        let weights = layer.weights()
        let outputs = layer.inputs().map { image in
            output(
                layer,
                TokenMap(
                    height: layer.height, width: layer.width, channels: layer.dim,
                    values: image.map { Double($0) }), weights
            ).values
        }
        let expected = try AttentionCase.load().required("\(layer.id).output64").values
        expectAgreement(layer.sample(of: outputs), expected)
        expectStatistics(of: outputs.flatMap { $0 }, layer.statistics)
    }

    private func output(
        _ layer: AttentionCase, _ map: TokenMap, _ weights: [String: [Float]]
    ) -> TokenMap {
        func affine(_ name: String) -> Affine {
            Affine(weight: weights["\(name).weight"] ?? [], bias: weights["\(name).bias"])
        }
        switch layer.kind {
        case .msa:
            return Operators.selfAttention(
                map, heads: layer.heads,
                SelfAttentionWeights(qkv: affine("qkv"), projection: affine("proj")))
        case .sra(let ratio):
            return Operators.spatialReductionAttention(
                map, heads: layer.heads, ratio: ratio,
                SpatialReductionWeights(
                    query: affine("q"),
                    reduction: ratio == 1
                        ? nil : .init(convolution: affine("sr"), norm: affine("norm")),
                    keyValue: affine("kv"), projection: affine("proj")))
        case .window(let side, let shift, _):
            return Operators.windowAttention(
                map, heads: layer.heads, window: side, shift: shift,
                WindowAttentionWeights(
                    qkv: affine("qkv"), projection: affine("proj"),
                    positionBias: weights["relative_position_bias_table"]))
        }
    }
}
