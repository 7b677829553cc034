import Reference
import Testing

@Suite struct OperatorTests {
    /// x·Φ(x) from tables of the normal distribution.
    @Test func geluOfTabulatedValues() {
        #expect(Operators.gelu(0) == 0)
        expectClose([Operators.gelu(1)], [0.841344746068543])
        expectClose([Operators.gelu(-1)], [-0.158655253931457])
        expectClose([Operators.gelu(2)], [2 * 0.977249868051821])
        expectClose([Operators.gelu(-3)], [-3 * 0.001349898031630], within: 1e-14)
        // The left tail: Φ(-10) is 7.619853024160526e-24.
        expectClose([Operators.gelu(-10)], [-7.619853024160526e-23], within: 1e-36)
        #expect(Operators.gelu(40) == 40)
        #expect(Operators.gelu(-40) == 0)
    }

    @Test func geluOfAMapIsThatOfItsValues() {
        let map = Seeded.map(height: 5, width: 7, channels: 3)
        #expect(Operators.gelu(map).values == map.values.map { Operators.gelu($0) })
    }

    /// More tokens than one block holds, and sides that nothing divides.
    @Test(arguments: [(1, 1, 1), (3, 11, 5), (35, 4, 9)])
    func linearIsADotProductAtEveryToken(tokens: Int, inputs: Int, outputs: Int) {
        let map = Seeded.map(height: 1, width: tokens, channels: inputs)
        let weights = Seeded.affine("linear", fanIn: inputs, outputs: outputs)
        let expected = (0..<tokens).flatMap {
            weights.applied(to: map.token($0), outputs: 0..<outputs)
        }
        expectClose(Operators.linear(map, weights).values, expected)
    }

    @Test func linearWithoutBias() {
        let map = TokenMap(height: 1, width: 1, channels: 2, values: [3, 5])
        let weights = Affine(weight: [1, 10, 100, -1], bias: nil)
        #expect(Operators.linear(map, weights).values == [53, 295])
    }

    @Test func layerNormOfAKnownRow() {
        let map = TokenMap(height: 1, width: 2, channels: 4, values: [1, 2, 3, 4, 5, 5, 5, 5])
        let weights = Affine(weight: [1, 1, 2, 1], bias: [0, 0, 0.5, -7])
        let deviation = (1.25 + 1e-5).squareRoot()
        let first = [-1.5 / deviation, -0.5 / deviation, 1 / deviation + 0.5, 1.5 / deviation - 7]
        expectClose(Operators.layerNorm(map, weights).values, first + [0, 0, 0.5, -7])
    }

    @Test func batchNormUsesTheRunningStatistics() {
        let map = TokenMap(height: 2, width: 1, channels: 2, values: [3, 10, 5, 20])
        let weights = BatchNormWeights(
            affine: Affine(weight: [2, 1], bias: [0.25, -1]), mean: [1, 10], variance: [4, 0])
        let root = (4 + 1e-5).squareRoot()
        let small = (1e-5).squareRoot()
        expectClose(
            Operators.batchNorm(map, weights).values,
            [4 / root + 0.25, -1, 8 / root + 0.25, 10 / small - 1], within: 1e-9)
    }

    @Test func averagePoolTakesTheMeanOfSquares() {
        let map = TokenMap(
            height: 2, width: 4, channels: 2,
            values: [1, 0, 2, 0, 3, 8, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0])
        #expect(Operators.averagePool(map, side: 2).values == [3.5, 0, 5.5, 2])
        #expect(Operators.averagePool(map, side: 1) == map)
    }

    @Test func pooledMeanIsOneValueAChannel() {
        let map = TokenMap(height: 3, width: 1, channels: 2, values: [1, 0, 2, 5, 6, 1])
        expectClose(Operators.pooledMean(map), [3, 2])
    }
}
