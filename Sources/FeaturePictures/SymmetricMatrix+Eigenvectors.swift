/// A direction that a matrix only scales, and the factor.
struct Eigenvector {
    let value: Double
    /// Of length 1, or 0 where a matrix of lower rank has none.
    let vector: [Double]
}

extension SymmetricMatrix {
    private static let iterations = 200
    /// More vectors than are wanted: the iteration converges by the ratio of the first eigenvalue
    /// that is left out to the last one that is wanted.
    private static let surplus = 5

    /// The eigenvectors of the `count` largest eigenvalues of a matrix that has no negative ones:
    /// subspace iteration from a fixed start.
    func leadingEigenvectors(_ count: Int) -> [Eigenvector] {
        var basis = orthonormal(Self.start(order: order, count: min(order, count + Self.surplus)))
        var values: [Double] = []
        for _ in 0..<Self.iterations {
            let images = times(basis)
            let small = SymmetricMatrix(images.map { image in basis.map { dot(image, $0) } })
            let rotation = small.eigenvectors()
            basis = orthonormal(rotation.map { combined(images, $0.vector) })
            let previous = values
            values = rotation.prefix(count).map(\.value)
            if Self.hasSettled(values, since: previous) { break }
        }
        return zip(values, basis).map { Eigenvector(value: $0, vector: $1) }
    }

    private static func hasSettled(_ values: [Double], since previous: [Double]) -> Bool {
        let rounding = 1e-15 * (values.first ?? 0)
        return previous.count == values.count
            && zip(values, previous).allSatisfy { abs($0 - $1) <= 1e-12 * $0 + rounding }
    }

    /// Vectors without a pattern, so that no eigenvector is at a right angle to all (SplitMix64).
    private static func start(order: Int, count: Int) -> [[Double]] {
        var state: UInt64 = 0
        return (0..<count).map { _ in
            (0..<order).map { _ in
                state &+= 0x9e37_79b9_7f4a_7c15
                var bits = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
                bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
                return Double((bits ^ (bits >> 31)) >> 11) * 0x1p-53 - 0.5
            }
        }
    }

    /// All eigenvectors, the largest eigenvalue first, by Jacobi's rotations: for small matrices.
    func eigenvectors() -> [Eigenvector] {
        var (matrix, axes) = (self, Self.unitVectors(order))
        for _ in 0..<12 {
            for first in 0..<order {
                for second in first + 1..<order { matrix.rotate(first, second, &axes) }
            }
        }
        return axes.indices.map { Eigenvector(value: matrix[$0, $0], vector: axes[$0]) }
            .sorted { $0.value > $1.value }
    }

    private static func unitVectors(_ order: Int) -> [[Double]] {
        (0..<order).map { row in (0..<order).map { $0 == row ? 1 : 0 } }
    }

    /// Turns the plane of two axes so that the element between them becomes 0.
    private mutating func rotate(_ first: Int, _ second: Int, _ axes: inout [[Double]]) {
        let between = self[first, second]
        guard between != 0 else { return }
        let ratio = (self[second, second] - self[first, first]) / (2 * between)
        let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (ratio * ratio + 1).squareRoot())
        let cosine = 1 / (tangent * tangent + 1).squareRoot()
        let sine = tangent * cosine
        for other in 0..<order where other != first && other != second {
            let (x, y) = (self[first, other], self[second, other])
            self[first, other] = cosine * x - sine * y
            self[second, other] = sine * x + cosine * y
        }
        self[first, first] -= tangent * between
        self[second, second] += tangent * between
        self[first, second] = 0
        (axes[first], axes[second]) = (
            combined([axes[first], axes[second]], [cosine, -sine]),
            combined([axes[first], axes[second]], [sine, cosine])
        )
    }
}

/// The sum of vectors with weights.
private func combined(_ vectors: [[Double]], _ weights: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: vectors[0].count)
    for (vector, weight) in zip(vectors, weights) {
        for index in sum.indices { sum[index] += weight * vector[index] }
    }
    return sum
}

/// Vectors of length 1 at right angles (Gram and Schmidt), in order; 0 for one that depends on those
/// before it.
private func orthonormal(_ vectors: [[Double]]) -> [[Double]] {
    var basis: [[Double]] = []
    for vector in vectors {
        // Twice, because the first pass leaves rounding errors of what it took away.
        let rest = removed(basis, from: normalised(removed(basis, from: normalised(vector))))
        let isIndependent = dot(rest, rest) > 0.5
        basis.append(isIndependent ? normalised(rest) : rest.map { _ in 0 })
    }
    return basis
}

/// What of a vector is at right angles to all of `basis`.
private func removed(_ basis: [[Double]], from vector: [Double]) -> [Double] {
    basis.reduce(vector) { combined([$0, $1], [1, -dot($0, $1)]) }
}

private func normalised(_ vector: [Double]) -> [Double] {
    let length = dot(vector, vector).squareRoot()
    return length > 0 ? vector.map { $0 / length } : vector
}
