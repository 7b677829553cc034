import Foundation
import Reference
import Testing

/// Window attention, with and without shift and relative position bias.
@Suite struct WindowAttentionTests {
    private let weights = Seeded.selfAttention(dim: 6)

    private func attend(_ map: TokenMap, window: Int, shift: Int = 0) -> TokenMap {
        Operators.windowAttention(
            map, heads: 2, window: window, shift: shift,
            WindowAttentionWeights(qkv: weights.qkv, projection: weights.projection))
    }

    /// That the box of the output is what its tokens give among themselves.
    private func expectAlone(
        _ output: TokenMap, _ map: TokenMap, rows: Range<Int>, columns: Range<Int>
    ) {
        let alone = Operators.selfAttention(
            map.slice(rows: rows, columns: columns), heads: 2, weights)
        expectClose(output.slice(rows: rows, columns: columns).values, alone.values)
    }

    @Test func everyWindowIsByItself() {
        let map = Seeded.map(height: 6, width: 9, channels: 6)
        let output = attend(map, window: 3)
        for (top, left) in [(0, 0), (0, 6), (3, 3), (3, 6)] {
            expectAlone(output, map, rows: top..<top + 3, columns: left..<left + 3)
        }
    }

    /// The grid begins at the shift; before it and at the end windows are cut short.
    @Test(arguments: [1, 2]) func aShiftMovesTheGrid(shift: Int) {
        let map = Seeded.map(height: 6, width: 9, channels: 6)
        let output = attend(map, window: 3, shift: shift)
        let rows = [0..<shift, shift..<shift + 3, shift + 3..<6]
        let columns = [0..<shift, shift..<shift + 3, shift + 3..<shift + 6, shift + 6..<9]
        for rows in rows {
            for columns in columns { expectAlone(output, map, rows: rows, columns: columns) }
        }
    }

    @Test(arguments: [(5, 7, 3, 0), (5, 7, 3, 2), (1, 4, 2, 1), (1, 1, 4, 3)])
    func outputIsThatOfThePaddedMapCropped(height: Int, width: Int, window: Int, shift: Int) {
        let map = Seeded.map(height: height, width: width, channels: 6)
        var padded = TokenMap(
            height: height + (window - height % window) % window,
            width: width + (window - width % window) % window, channels: 6)
        padded.paste(map)
        let whole = attend(padded, window: window, shift: shift)
        #expect(
            attend(map, window: window, shift: shift)
                == whole.slice(rows: 0..<height, columns: 0..<width))
    }

    /// A zero token's key and value are the biases, and it counts as a key.
    @Test func paddedTokensAreKeys() {
        let map = TokenMap(height: 1, width: 1, channels: 1, values: [2])
        let output = Operators.windowAttention(
            map, heads: 1, window: 2, shift: 0,
            WindowAttentionWeights(
                qkv: Affine(weight: [1, 1, 1], bias: [0, 0.5, 3]),
                projection: Affine(weight: [1], bias: [0])))
        let (token, zero) = (exp(2 * 2.5), exp(2 * 0.5))
        expectClose(output.values, [(token * 5 + 3 * zero * 3) / (token + 3 * zero)])
    }

    /// Scores between regions lose 100 and no more: a key that is 100 better weighs as much as the
    /// token itself.
    @Test func strangersAreMaskedByAHundred() {
        let map = TokenMap(height: 2, width: 2, channels: 1, values: [1, 2, -3, -3])
        let output = Operators.windowAttention(
            map, heads: 1, window: 2, shift: 1,
            WindowAttentionWeights(
                qkv: Affine(weight: [10, 10, 1], bias: nil),
                projection: Affine(weight: [1], bias: nil)))
        // Token 0: itself 100, token 1 200 - 100. Token 1: itself 400, token 0 200 - 100.
        expectClose([output.values[0], output.values[1]], [1.5, 2])
    }

    /// Without queries the scores are the bias alone.
    private func biasOnly(_ map: TokenMap, heads: Int, shift: Int = 0, table: [Float]) -> [Double] {
        let dim = map.channels
        var weight = [Float](repeating: 0, count: 3 * dim * dim)
        for channel in 0..<dim { weight[(2 * dim + channel) * dim + channel] = 1 }
        let identity = Affine(weight: Array(weight[(2 * dim * dim)...]), bias: nil)
        return Operators.windowAttention(
            map, heads: heads, window: 2, shift: shift,
            WindowAttentionWeights(
                qkv: Affine(weight: weight, bias: nil), projection: identity, positionBias: table)
        ).values
    }

    /// Row (dy + 1)·3 + dx + 1: a query one row below its key finds row 7, one column left row 3.
    @Test(arguments: [
        (7, [25, 25, 10, 20.0]), (3, [20, 25, 40, 25.0]),
        (8, [25, 25, 25, 10.0]), (2, [25, 30, 25, 25.0]),
    ])
    func biasIsOfQueryMinusKey(row: Int, expected: [Double]) {
        var table = [Float](repeating: 0, count: 9)
        table[row] = 200
        let map = TokenMap(height: 2, width: 2, channels: 1, values: [10, 20, 30, 40])
        expectClose(biasOnly(map, heads: 1, table: table), expected)
    }

    @Test func everyHeadHasItsOwnBias() {
        var table = [Float](repeating: 0, count: 18)
        table[4 * 2 + 1] = 200
        let values = [10, 1, 20, 2, 30, 3, 40, 4].map { Double($0) }
        let map = TokenMap(height: 2, width: 2, channels: 2, values: values)
        expectClose(biasOnly(map, heads: 2, table: table), [25, 1, 25, 2, 25, 3, 25, 4])
    }

    /// Places count inside the rolled window, where the first row lies below the last.
    @Test func aShiftKeepsTheBiasOfItsWindow() {
        var table = [Float](repeating: 0, count: 9)
        table[7] = 300
        let map = TokenMap(height: 2, width: 2, channels: 1, values: [10, 20, 30, 40])
        expectClose(biasOnly(map, heads: 1, shift: 1, table: table), [30, 40, 30, 40])
    }
}
