import Reference
import Testing

@Suite struct TokenMergingTests {
    private static let map = Seeded.map(height: 6, width: 8, channels: 3)

    /// The samples when every kernel point has the offset (dy, dx).
    private func samples(_ map: TokenMap = map, dy: Double, dx: Double) -> TokenMap {
        let (height, width) = (map.height / 2, map.width / 2)
        let offsets = [[Double]](repeating: [dy, dx], count: 4 * height * width)
        return Operators.deformableSampling(
            map,
            offsets: TokenMap(
                height: height, width: width, channels: 8, values: offsets.flatMap { $0 }))
    }

    /// Compares the samples with what `expected` says of a pixel (y, x) and channel.
    private func expectSamples(
        _ samples: TokenMap, of map: TokenMap = map, _ expected: (Int, Int, Int) -> Double
    ) {
        for row in 0..<samples.height {
            for column in 0..<samples.width {
                let values = (0..<map.channels).flatMap { channel in
                    [(0, 0), (0, 1), (1, 0), (1, 1)].map { y, x in
                        expected(2 * row + y, 2 * column + x, channel)
                    }
                }
                expectClose(samples.token(row * samples.width + column), values)
            }
        }
    }

    private func pixel(_ y: Int, _ x: Int, _ channel: Int, _ map: TokenMap = map) -> Double {
        let isInside = (0..<map.height).contains(y) && (0..<map.width).contains(x)
        return isInside ? map[y, x, channel] : 0
    }

    @Test(arguments: [(0, 0), (1, 0), (0, -1), (-2, 3), (5, 7), (-5, -7)])
    func integerOffsetsShift(dy: Int, dx: Int) {
        expectSamples(samples(dy: Double(dy), dx: Double(dx))) { pixel($0 + dy, $1 + dx, $2) }
    }

    @Test func halfPixelOffsetsAverage() {
        expectSamples(samples(dy: 0.5, dx: 0)) {
            (pixel($0, $1, $2) + pixel($0 + 1, $1, $2)) / 2
        }
        expectSamples(samples(dy: 0, dx: -0.5)) {
            (pixel($0, $1, $2) + pixel($0, $1 - 1, $2)) / 2
        }
        expectSamples(samples(dy: 1.5, dx: -0.5)) { y, x, channel in
            [(1, 0), (2, 0), (1, -1), (2, -1)].reduce(0) {
                $0 + pixel(y + $1.0, x + $1.1, channel) / 4
            }
        }
    }

    /// On a plane a + b·y + c·x interpolation is exact, wherever all corners are inside.
    @Test func realOffsetsInterpolate() {
        let plane = { (y: Double, x: Double) in 0.3 + 1.7 * y - 2.9 * x }
        let values = (0..<48).map { plane(Double($0 / 8), Double($0 % 8)) }
        let map = TokenMap(height: 6, width: 8, channels: 1, values: values)
        let found = samples(map, dy: -1.37, dx: 1.81)
        let y = 4 - 1.37
        let x = 2 + 1.81
        expectClose(
            found.token(2 * 4 + 1),
            [plane(y, x), plane(y, x + 1), plane(y + 1, x), plane(y + 1, x + 1)])
    }

    /// One step outside is 0, and between it and the border the weight falls linearly.
    @Test func bordersFade() {
        let one = TokenMap(height: 2, width: 2, channels: 1, values: [1, 1, 1, 1])
        #expect(samples(one, dy: -0.5, dx: 0).values == [0.5, 0.5, 1, 1])
        #expect(samples(one, dy: 0, dx: 0.5).values == [1, 0.5, 1, 0.5])
        #expect(samples(one, dy: 0.75, dx: 0.5).values == [1, 0.5, 0.25, 0.125])
        #expect(samples(one, dy: -1, dx: 0).values == [0, 0, 1, 1])
        #expect(samples(one, dy: 0, dx: 1).values == [1, 0, 1, 0])
        expectClose(samples(one, dy: -0.999, dx: 0).values, [0.001, 0.001, 1, 1])
    }

    @Test(arguments: [-1e300, -100, -2, 2, 100, 1e300, .infinity, -.infinity])
    func farOutsideIsZero(offset: Double) {
        let one = TokenMap(height: 2, width: 2, channels: 1, values: [1, 1, 1, 1])
        #expect(samples(one, dy: offset, dx: 0).values == [0, 0, 0, 0])
        #expect(samples(one, dy: 0, dx: offset).values == [0, 0, 0, 0])
    }

    @Test func anUndefinedOffsetGivesAnUndefinedSample() {
        let one = TokenMap(height: 2, width: 2, channels: 1, values: [1, 1, 1, 1])
        #expect(samples(one, dy: .nan, dx: 0).values.allSatisfy { $0.isNaN })
        #expect(samples(one, dy: 0, dx: .nan).values.allSatisfy { $0.isNaN })
    }

    /// Every kernel point and output has offsets of its own: dy before dx, points row by row.
    @Test func offsetsBelongToTheirPointAndToken() {
        var offsets = TokenMap(height: 3, width: 4, channels: 8)
        offsets[1, 2, 2 * 3] = -2
        offsets[1, 2, 2 * 3 + 1] = 1
        let found = Operators.deformableSampling(Self.map, offsets: offsets)
        expectSamples(found) { y, x, channel in
            y == 3 && x == 5 ? pixel(1, 6, channel) : pixel(y, x, channel)
        }
    }

    private func weights(offset: Affine) -> TokenMergingWeights {
        TokenMergingWeights(
            offset: offset, convolution: Seeded.affine("dconv", fanIn: 12, outputs: 6),
            norm: BatchNormWeights(
                affine: Seeded.affine("norm_layer", outputs: 6), mean: Seeded.values("mean", 6),
                variance: Seeded.values("variance", 6, center: 2)))
    }

    private func merged(offsetBias: [Float]) -> (found: TokenMap, weights: TokenMergingWeights) {
        let zero = [Float](repeating: 0, count: 96)
        let weights = weights(offset: Affine(weight: zero, bias: offsetBias))
        return (Operators.tokenMerging(Self.map, weights), weights)
    }

    @Test func withoutOffsetsMergingIsAConvolution() {
        let (found, weights) = merged(offsetBias: [Float](repeating: 0, count: 8))
        let convolved = Operators.patchConvolution(Self.map, side: 2, weights.convolution)
        expectClose(
            found.values, Operators.gelu(Operators.batchNorm(convolved, weights.norm)).values)
    }

    @Test func farOffsetsLeaveTheBias() {
        let (found, weights) = merged(offsetBias: [Float](repeating: 99, count: 8))
        let bias = Seeded.values("dconv.bias", 6).map { Double($0) }
        let token = TokenMap(height: 1, width: 1, channels: 6, values: bias)
        let expected = Operators.gelu(Operators.batchNorm(token, weights.norm)).values
        for token in 0..<found.count { expectClose(found.token(token), expected) }
    }

    /// The offsets depend on the map: one input channel of one pixel decides over a shift by one.
    @Test func offsetsComeFromTheirConvolution() {
        var weight = [Float](repeating: 0, count: 96)
        weight[1 * 12 + 2 * 4 + 3] = 1  // dx of the first point; channel 2 of the last pixel
        let weights = weights(
            offset: Affine(weight: weight, bias: [Float](repeating: 0, count: 8)))
        var map = TokenMap(height: 2, width: 2, channels: 3)
        for channel in 0..<3 { map[0, 1, channel] = Double(channel) + 0.5 }
        map[1, 1, 2] = 1
        let samples = [0.5, 0.5, 0, 0, 1.5, 1.5, 0, 0, 2.5, 2.5, 0, 1]
        let convolved = weights.convolution.applied(to: samples, outputs: 0..<6)
        let token = TokenMap(height: 1, width: 1, channels: 6, values: convolved)
        expectClose(
            Operators.tokenMerging(map, weights).values,
            Operators.gelu(Operators.batchNorm(token, weights.norm)).values)
    }

    @Test func oddSidesRoundDown() {
        let odd = Seeded.map(height: 5, width: 7, channels: 3)
        let weights = weights(offset: Seeded.affine("conv_offset", fanIn: 12, outputs: 8))
        let merged = Operators.tokenMerging(odd, weights)
        #expect((merged.height, merged.width, merged.channels) == (2, 3, 6))
        // Samples may reach into the row and column that have no output of their own.
        let shifted = samples(odd, dy: 1, dx: 1)
        #expect(shifted.token(5)[3] == odd[4, 6, 0])
    }
}
