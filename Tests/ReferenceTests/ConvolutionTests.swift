import Reference
import Testing

@Suite struct ConvolutionTests {
    /// The sum of the definition, index by index; an odd last row and column take no part.
    @Test func patchConvolutionFollowsItsDefinition() {
        let map = Seeded.map(height: 5, width: 7, channels: 3)
        let weights = Seeded.affine("conv", fanIn: 12, outputs: 4)
        let output = Operators.patchConvolution(map, side: 2, weights)
        #expect((output.height, output.width, output.channels) == (2, 3, 4))
        for (row, column, channel) in [(0, 0, 0), (1, 2, 3), (0, 2, 1), (1, 0, 2)] {
            var sum = Double(Seeded.values("conv.bias", 4)[channel])
            for input in 0..<3 {
                for y in 0..<2 {
                    for x in 0..<2 {
                        let weight = weights.weight[((channel * 3 + input) * 2 + y) * 2 + x]
                        sum += Double(weight) * map[2 * row + y, 2 * column + x, input]
                    }
                }
            }
            expectClose([output[row, column, channel]], [sum])
        }
    }

    @Test func patchEmbeddingPadsAndNormalises() {
        let image = Seeded.map(height: 6, width: 9, channels: 3)
        let projection = Seeded.affine("proj", fanIn: 48, outputs: 8)
        let norm = Affine(weight: [Float](repeating: 1, count: 8), bias: nil)
        let map = Operators.patchEmbedding(image, side: 4, projection: projection, norm: norm)
        #expect((map.height, map.width, map.channels) == (2, 3, 8))
        let padded = Operators.patchEmbedding(
            image.padded(toMultipleOf: 4), side: 4, projection: projection, norm: norm)
        #expect(map == padded)
        for token in 0..<map.count {
            expectClose([map.token(token).reduce(0, +)], [0])
        }
    }

    /// A kernel of one 1 moves the map; what enters from outside is the bias alone.
    @Test(arguments: 0..<9) func depthwiseDeltaShifts(point: Int) {
        let map = Seeded.map(height: 4, width: 3, channels: 2)
        var weight = [Float](repeating: 0, count: 18)
        weight[9 + point] = 1
        let output = Operators.depthwise3x3(map, Affine(weight: weight, bias: [0.5, 0.25]))
        for row in 0..<4 {
            for column in 0..<3 {
                let (y, x) = (row + point / 3 - 1, column + point % 3 - 1)
                let isInside = (0..<4).contains(y) && (0..<3).contains(x)
                #expect(output[row, column, 0] == 0.5)
                #expect(output[row, column, 1] == 0.25 + (isInside ? map[y, x, 1] : 0))
            }
        }
    }

    @Test func depthwiseOfOnesCountsNeighbours() {
        let map = TokenMap(height: 3, width: 3, channels: 1, values: .init(repeating: 1, count: 9))
        let ones = Affine(weight: [Float](repeating: 1, count: 9), bias: nil)
        #expect(Operators.depthwise3x3(map, ones).values == [4, 6, 4, 6, 9, 6, 4, 6, 4])
        let single = TokenMap(height: 1, width: 1, channels: 1, values: [3])
        #expect(Operators.depthwise3x3(single, ones).values == [3])
    }

    /// One token: the depthwise convolution is a factor and a bias a channel.
    @Test func convFFNOfOneToken() {
        let map = Seeded.map(height: 1, width: 1, channels: 3)
        let weights = ConvFFNWeights(
            expand: Seeded.affine("fc1", fanIn: 3, outputs: 5),
            depthwise: Seeded.affine("dwconv", fanIn: 9, outputs: 5),
            contract: Seeded.affine("fc2", fanIn: 5, outputs: 3))
        let bias = Seeded.values("dwconv.bias", 5)
        let expanded = weights.expand.applied(to: map.values, outputs: 0..<5)
        let hidden = (0..<5).map { channel in
            let center = Double(weights.depthwise.weight[9 * channel + 4])
            return Operators.gelu(expanded[channel] * center + Double(bias[channel]))
        }
        expectClose(
            Operators.convFFN(map, weights).values,
            weights.contract.applied(to: hidden, outputs: 0..<3))
    }
}
