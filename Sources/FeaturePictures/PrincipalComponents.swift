/// The directions, in the space of channels, in which the tokens of a map differ most.
struct PrincipalComponents {
    /// Unit vectors, at most three; their number is that of the directions in which tokens differ.
    let axes: [[Double]]

    /// Multiply-adds that a covariance may take: half a second. Maps of LITv2 on images of
    /// 800×1344 stay below; of larger ones a part of the tokens, evenly spread, is enough.
    private static let budget = 1_000_000_000
    /// Of float32 values, smaller variances are rounding errors.
    private static let smallestVariance = 1e-12

    init(of map: FeatureMap, at tokens: [Int]) {
        let affordable = max(1, 2 * Self.budget / (map.channels * map.channels))
        let step = max(1, (tokens.count + affordable - 1) / affordable)
        let sample = stride(from: 0, to: tokens.count, by: step).map { tokens[$0] }
        let statistics = Covariance(of: map, at: sample)
        let spectrum = statistics.matrix.leadingEigenvectors(3)
        axes = spectrum.filter { $0.value > Self.smallestVariance * statistics.meanSquare }
            .map { Self.oriented($0.vector) }
    }

    /// Of the two directions of an axis, the one in which the largest loading is positive.
    private static func oriented(_ axis: [Double]) -> [Double] {
        let largest = axis.max { abs($0) < abs($1) } ?? 0
        return largest < 0 ? axis.map { -$0 } : axis
    }

    /// The tokens' coordinates on an axis, up to a constant; zeros for an axis that there is not.
    func scores(_ component: Int, of map: FeatureMap, at tokens: [Int]) -> [Double] {
        var scores = [Double](repeating: 0, count: tokens.count)
        guard component < axes.count else { return scores }
        for (channel, loading) in axes[component].enumerated() {
            let plane = map.plane(channel)
            for (index, token) in tokens.enumerated() {
                scores[index] += loading * Double(plane[plane.startIndex + token])
            }
        }
        return scores
    }
}

/// How the channels of a map vary together.
struct Covariance {
    let matrix: SymmetricMatrix
    /// Mean over the tokens of the sum of squares of a token's values, the mean included.
    let meanSquare: Double

    /// Tokens that are worked on at a time, so that the second-level cache holds them.
    private static let block = 256

    init(of map: FeatureMap, at tokens: [Int]) {
        var matrix = SymmetricMatrix(order: map.channels)
        let means = (0..<map.channels).map { Self.mean(map.plane($0), at: tokens) }
        for start in stride(from: 0, to: tokens.count, by: Self.block) {
            let part = tokens[start..<min(start + Self.block, tokens.count)]
            let deviations = (0..<map.channels).map { channel in
                let plane = map.plane(channel)
                return part.map { Double(plane[plane.startIndex + $0]) - means[channel] }
            }
            matrix.addProducts(of: deviations)
        }
        matrix.divide(by: Double(max(tokens.count, 1)))
        self.matrix = matrix
        meanSquare = matrix.trace + means.reduce(0) { $0 + $1 * $1 }
    }

    private static func mean(_ plane: ArraySlice<Float>, at tokens: [Int]) -> Double {
        let sum = tokens.reduce(0) { $0 + Double(plane[plane.startIndex + $1]) }
        return tokens.isEmpty ? 0 : sum / Double(tokens.count)
    }
}
