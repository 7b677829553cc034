import Reference
import Testing

/// MSA and SRA.
@Suite struct GlobalAttentionTests {
    @Test func selfAttentionIsTheTextbooks() {
        let map = Seeded.map(height: 3, width: 5, channels: 12)
        let weights = Seeded.selfAttention(dim: 12)
        let textbook = Textbook(
            queries: map.tokens.map { weights.qkv.applied(to: $0, outputs: 0..<12) },
            keys: map.tokens.map { weights.qkv.applied(to: $0, outputs: 12..<24) },
            values: map.tokens.map { weights.qkv.applied(to: $0, outputs: 24..<36) },
            heads: 3, scale: 0.5)
        let output = Operators.selfAttention(map, heads: 3, weights)
        expectClose(output.values, textbook.output(weights.projection))
    }

    private func reduction(ratio: Int, dim: Int) -> SpatialReductionWeights {
        SpatialReductionWeights(
            query: Seeded.affine("q", fanIn: dim, outputs: dim),
            reduction: ratio == 1
                ? nil
                : .init(
                    convolution: Seeded.affine("sr", fanIn: dim * ratio * ratio, outputs: dim),
                    norm: Seeded.affine("norm", outputs: dim)),
            keyValue: Seeded.affine("kv", fanIn: dim, outputs: 2 * dim),
            projection: Seeded.affine("proj", fanIn: dim, outputs: dim))
    }

    /// 5×7 leaves 2×3 keys, each from a square of tokens in the weight's order.
    @Test func keysAreConvolvedSquares() throws {
        let map = Seeded.map(height: 5, width: 7, channels: 6)
        let weights = reduction(ratio: 2, dim: 6)
        let parts = try #require(weights.reduction)
        let squares = (0..<6).flatMap { square in
            let (top, left) = (square / 3 * 2, square % 3 * 2)
            let values = (0..<24).map { map[top + $0 % 4 / 2, left + $0 % 2, $0 / 4] }
            return parts.convolution.applied(to: values, outputs: 0..<6)
        }
        let keys = Operators.layerNorm(
            TokenMap(height: 1, width: 6, channels: 6, values: squares), parts.norm)
        let textbook = Textbook(
            queries: map.tokens.map { weights.query.applied(to: $0, outputs: 0..<6) },
            keys: keys.tokens.map { weights.keyValue.applied(to: $0, outputs: 0..<6) },
            values: keys.tokens.map { weights.keyValue.applied(to: $0, outputs: 6..<12) },
            heads: 2, scale: 1 / 3.0.squareRoot())
        let output = Operators.spatialReductionAttention(map, heads: 2, ratio: 2, weights)
        expectClose(output.values, textbook.output(weights.projection))
    }

    @Test func tokensLeftOverAreQueriesOnly() {
        let map = Seeded.map(height: 5, width: 7, channels: 6)
        var other = map
        other.paste(Seeded.map("row", height: 2, width: 7, channels: 6), row: 3)
        other.paste(Seeded.map("column", height: 5, width: 1, channels: 6), column: 6)
        let weights = reduction(ratio: 3, dim: 6)
        let outputs = [map, other].map {
            Operators.spatialReductionAttention($0, heads: 2, ratio: 3, weights)
        }
        let kept = outputs.map { $0.slice(rows: 0..<3, columns: 0..<6) }
        let rest = outputs.map { $0.slice(rows: 3..<5) }
        #expect(kept[0] == kept[1])
        #expect(zip(rest[0].values, rest[1].values).allSatisfy { $0 != $1 })
    }

    @Test func ratioOneAttendsToTheTokensThemselves() {
        let map = Seeded.map(height: 3, width: 4, channels: 6)
        let weights = reduction(ratio: 1, dim: 6)
        let joined = SelfAttentionWeights(
            qkv: Affine(
                weight: weights.query.weight + weights.keyValue.weight,
                bias: (weights.query.bias ?? []) + (weights.keyValue.bias ?? [])),
            projection: weights.projection)
        #expect(
            Operators.spatialReductionAttention(map, heads: 3, ratio: 1, weights)
                == Operators.selfAttention(map, heads: 3, joined))
    }
}
