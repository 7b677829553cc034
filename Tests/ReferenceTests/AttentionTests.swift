import Foundation
import Networks
import Reference
import Testing

/// Multi-head attention as the textbook has it, on lists of vectors.
struct Textbook {
    let queries: [[Double]]
    let keys: [[Double]]
    let values: [[Double]]
    let heads: Int
    let scale: Double

    func output(_ projection: Affine) -> [Double] {
        let dim = queries[0].count / heads
        return queries.flatMap { query in
            var joined: [Double] = []
            for head in 0..<heads {
                let channels = head * dim..<(head + 1) * dim
                let powers = keys.map { key in
                    exp(scale * channels.map { query[$0] * key[$0] }.reduce(0, +))
                }
                for channel in channels {
                    let sum = zip(powers, values).map { $0 * $1[channel] }.reduce(0, +)
                    joined.append(sum / powers.reduce(0, +))
                }
            }
            return projection.applied(to: joined, outputs: 0..<joined.count)
        }
    }
}

@Suite struct AttentionTests {
    @Test func equalKeysAverageTheValues() {
        let queries = Seeded.map("q", height: 3, width: 7, channels: 4)
        let keys = TokenMap(
            height: 1, width: 5, channels: 4, values: .init(repeating: 2, count: 20))
        let values = Seeded.map("v", height: 1, width: 5, channels: 2)
        let output = Operators.attention(
            queries: queries, keys: keys, values: values, scale: 0.3)
        #expect((output.height, output.width, output.channels) == (3, 7, 2))
        for token in 0..<21 { expectClose(output.token(token), Operators.pooledMean(values)) }
    }

    /// The softmax's weights sum to 1, however large the scores are.
    @Test(arguments: [0.5, 1e4]) func constantValuesStay(scale: Double) {
        let queries = Seeded.map("q", height: 2, width: 3, channels: 4)
        let keys = Seeded.map("k", height: 3, width: 3, channels: 4)
        let values = TokenMap(
            height: 3, width: 3, channels: 1, values: .init(repeating: 1.25, count: 9))
        let output = Operators.attention(
            queries: queries, keys: keys, values: values, scale: scale)
        expectClose(output.values, .init(repeating: 1.25, count: 6))
    }

    /// A common shift changes nothing, and scores that overflow exp are no trouble.
    @Test(arguments: [0.0, 1000, -1e6]) func softmaxIgnoresAShift(shift: Double) {
        let shares = Operators.softmax([0, log(2), log(5)].map { $0 + shift })
        expectClose(shares, [0.125, 0.25, 0.625], within: 1e-9)
        #expect(Operators.softmax([3e38, 0, -3e38]) == [1, 0, 0])
    }

    /// Scores 0 and ln 3 weigh 1/4 and 3/4.
    @Test func knownWeights() {
        let query = TokenMap(height: 1, width: 1, channels: 1, values: [2])
        let keys = TokenMap(height: 1, width: 2, channels: 1, values: [0, log(3)])
        let values = TokenMap(height: 1, width: 2, channels: 1, values: [8, 16])
        let output = Operators.attention(queries: query, keys: keys, values: values, scale: 0.5)
        expectClose(output.values, [14])
    }

    @Test func windowOneIsMultiHeadAttention() {
        let map = Seeded.map(height: 3, width: 5, channels: 12)
        let layer = HiLoAttention(heads: 3, window: 1, alpha: 0.2)
        let weights = Seeded.loFi(dim: 12, low: 12)
        let textbook = Textbook(
            queries: map.tokens.map { weights.query.applied(to: $0, outputs: 0..<12) },
            keys: map.tokens.map { weights.keyValue.applied(to: $0, outputs: 0..<12) },
            values: map.tokens.map { weights.keyValue.applied(to: $0, outputs: 12..<24) },
            heads: 3, scale: 0.5)
        let output = Operators.hiLo(map, layer, HiLoWeights(hiFi: nil, loFi: weights))
        expectClose(output.values, textbook.output(weights.projection))
    }

    /// alpha 0: every window is multi-head attention by itself.
    @Test func hiFiAttendsInsideWindows() {
        let map = Seeded.map(height: 4, width: 6, channels: 6)
        let layer = HiLoAttention(heads: 2, window: 2, alpha: 0)
        let weights = Seeded.hiFi(dim: 6, high: 6)
        let output = Operators.hiLo(map, layer, HiLoWeights(hiFi: weights, loFi: nil))
        for (row, column) in [(0, 0), (0, 4), (2, 2)] {
            let box = (rows: row..<row + 2, columns: column..<column + 2)
            let window = map.slice(rows: box.rows, columns: box.columns).tokens
            let textbook = Textbook(
                queries: window.map { weights.qkv.applied(to: $0, outputs: 0..<6) },
                keys: window.map { weights.qkv.applied(to: $0, outputs: 6..<12) },
                values: window.map { weights.qkv.applied(to: $0, outputs: 12..<18) },
                heads: 2, scale: 1 / 3.0.squareRoot())
            expectClose(
                output.slice(rows: box.rows, columns: box.columns).values,
                textbook.output(weights.projection))
        }
    }

    /// alpha 1: keys and values come from the means of the windows.
    @Test func loFiAttendsToThePooledMap() {
        let map = Seeded.map(height: 4, width: 6, channels: 4)
        let layer = HiLoAttention(heads: 2, window: 2, alpha: 1, qkScale: 1.7)
        let weights = Seeded.loFi(dim: 4, low: 4)
        let pooled = (0..<6).map { window in
            let rows = window / 3 * 2..<window / 3 * 2 + 2
            let columns = window % 3 * 2..<window % 3 * 2 + 2
            return Operators.pooledMean(map.slice(rows: rows, columns: columns))
        }
        let textbook = Textbook(
            queries: map.tokens.map { weights.query.applied(to: $0, outputs: 0..<4) },
            keys: pooled.map { weights.keyValue.applied(to: $0, outputs: 0..<4) },
            values: pooled.map { weights.keyValue.applied(to: $0, outputs: 4..<8) },
            heads: 2, scale: 1.7)
        let output = Operators.hiLo(map, layer, HiLoWeights(hiFi: nil, loFi: weights))
        expectClose(output.values, textbook.output(weights.projection))
    }

    @Test func hiFiChannelsComeFirst() {
        let map = Seeded.map(height: 4, width: 4, channels: 8)
        let layer = HiLoAttention(heads: 4, window: 2, alpha: 0.3)
        let weights = HiLoWeights(
            hiFi: Seeded.hiFi(dim: 8, high: 6), loFi: Seeded.loFi(dim: 8, low: 2))
        let output = Operators.hiLo(map, layer, weights)
        let scale = 1 / 2.0.squareRoot()
        let high = weights.hiFi.map {
            Operators.hiFiAttention(map, heads: 3, window: 2, scale: scale, $0)
        }
        let low = weights.loFi.map {
            Operators.loFiAttention(map, heads: 1, window: 2, scale: scale, $0)
        }
        #expect(output.slice(channels: 0..<6) == high)
        #expect(output.slice(channels: 6..<8) == low)
    }
}

/// Maps that whole windows do not fill.
@Suite struct AttentionPaddingTests {
    @Test(arguments: [(5, 7, 3), (1, 1, 2), (6, 5, 3), (7, 4, 4)])
    func outputIsThatOfThePaddedMapCropped(height: Int, width: Int, window: Int) {
        let map = Seeded.map(height: height, width: width, channels: 4)
        let layer = HiLoAttention(heads: 2, window: window, alpha: 0.5)
        let weights = HiLoWeights(
            hiFi: Seeded.hiFi(dim: 4, high: 2), loFi: Seeded.loFi(dim: 4, low: 2))
        var padded = TokenMap(
            height: height + (window - height % window) % window,
            width: width + (window - width % window) % window, channels: 4)
        padded.paste(map)
        let whole = Operators.hiLo(padded, layer, weights)
        let output = Operators.hiLo(map, layer, weights)
        #expect((output.height, output.width, output.channels) == (height, width, 4))
        #expect(output == whole.slice(rows: 0..<height, columns: 0..<width))
    }

    /// A zero token's key and value are the biases, and it counts as a key.
    @Test func paddedTokensAreKeysOfHiFi() {
        let map = TokenMap(height: 1, width: 1, channels: 1, values: [2])
        let weights = SelfAttentionWeights(
            qkv: Affine(weight: [1, 1, 1], bias: [0, 0.5, 3]),
            projection: Affine(weight: [1], bias: [0]))
        let layer = HiLoAttention(heads: 1, window: 2, alpha: 0)
        let output = Operators.hiLo(map, layer, HiLoWeights(hiFi: weights, loFi: nil))
        let (token, zero) = (exp(2 * 2.5), exp(2 * 0.5))
        expectClose(output.values, [(token * 5 + 3 * zero * 3) / (token + 3 * zero)])
    }

    /// The mean of a window divides by all its tokens, padded ones too.
    @Test func paddedTokensArePooledAsZeros() {
        let map = TokenMap(height: 1, width: 1, channels: 1, values: [2])
        let weights = LoFiWeights(
            query: Affine(weight: [1], bias: [0]),
            keyValue: Affine(weight: [1, 10], bias: [0, 1]),
            projection: Affine(weight: [3], bias: [0.25]))
        let layer = HiLoAttention(heads: 1, window: 2, alpha: 1)
        let output = Operators.hiLo(map, layer, HiLoWeights(hiFi: nil, loFi: weights))
        expectClose(output.values, [3 * (10 * 0.5 + 1) + 0.25])
    }
}
