/// F(m×m, 3×3) of Lavin and Gray (arXiv 1509.09308): m×m outputs of a 3×3 convolution from (m + 2)²
/// products a channel, whose factors from the weights, G·g·Gᵀ, are computed when these are packed.
public enum WinogradForm: String, Sendable, Hashable, Codable, CaseIterable {
    /// With the points 0, 1, −1 and infinity.
    case two = "f2"
    /// With 0, 1, −1, ½, −2 and infinity, whose error is smaller than with 2 in place of ½ (after
    /// Barabasz et al., arXiv 1803.10986).
    case four = "f4"

    /// Of a tile of outputs, in tokens.
    public var outputSide: Int { self == .two ? 2 : 4 }
    /// Of the inputs that it meets.
    public var side: Int { outputSide + 2 }
    public var points: Int { side * side }

    fileprivate var finitePoints: [Double] { self == .two ? [0, 1, -1] : [0, 1, -1, 0.5, -2] }
}

/// Between the taps of a convolution and their values at the points of a form.
public struct WinogradTransform: Sendable {
    private let side: Int
    /// G, `side` rows of three, and three rows of `side` that make it the identity.
    private let forward, backward: [Double]

    /// G's rows are the powers of a point over the product of its distances to the others. Rows of
    /// Bᵀ in Templates/c/winograd are its other half, for 0 with either sign.
    ///
    /// Backward, the points 0 and infinity are the first tap and the last; the rows of 1 and −1,
    /// (1, 1, 1)/p and (1, −1, 1)/q, differ by the middle one.
    public init(_ form: WinogradForm) {
        side = form.side
        let points = form.finitePoints
        let distances = points.map { point in
            points.filter { $0 != point }.reduce(1) { $0 * (point - $1) }
        }
        let signed = zip(points, distances).map { $0 == 0 ? abs($1) : $1 }
        let rows = zip(points, signed).map { point, distance in
            [1 / distance, point / distance, point * point / distance]
        }
        forward = rows.flatMap { $0 } + [0, 0, 1]
        var inverse = [Double](repeating: 0, count: 3 * side)
        inverse[0] = 1
        inverse[side + 1] = signed[1] / 2
        inverse[side + 2] = -signed[2] / 2
        inverse[3 * side - 1] = 1
        backward = inverse
    }

    /// Of nine taps, row by row, the values at the points, row by row.
    public func values(of taps: [Double]) -> [Double] {
        Self.product(forward, taps, rows: side, columns: 3)
    }

    /// The taps that have these values.
    public func taps(of values: [Double]) -> [Double] {
        Self.product(backward, values, rows: 3, columns: side)
    }

    /// a·x·aᵀ of a square x.
    private static func product(
        _ a: [Double], _ x: [Double], rows: Int, columns: Int
    ) -> [Double] {
        var half = [Double](repeating: 0, count: rows * columns)
        for i in 0..<rows {
            for j in 0..<columns {
                for k in 0..<columns {
                    half[i * columns + j] += a[i * columns + k] * x[k * columns + j]
                }
            }
        }
        var result = [Double](repeating: 0, count: rows * rows)
        for i in 0..<rows {
            for j in 0..<rows {
                for k in 0..<columns {
                    result[i * rows + j] += half[i * columns + k] * a[j * columns + k]
                }
            }
        }
        return result
    }
}
