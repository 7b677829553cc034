import Foundation

/// Values on a logarithmic scale of pixels.
struct LogAxis {
    private let lower, upper: Double
    private let first, last: Double

    /// - Parameters:
    ///   - values: all are on the axis, with a margin; those that are not positive are left out.
    ///   - first: the pixel of the smallest value, `last` that of the largest.
    init(_ values: [Double], margin: Double = 1.6, first: Double, last: Double) {
        let positive = values.filter { $0 > 0 && $0.isFinite }
        lower = (positive.min() ?? 1) / margin
        upper = (positive.max() ?? 1) * margin
        self.first = first
        self.last = last
    }

    /// The pixel of a value; values outside are put on the edge.
    func position(_ value: Double) -> Double {
        let inside = min(max(value, lower), upper)
        return first + (last - first) * log(inside / lower) / log(upper / lower)
    }

    var range: ClosedRange<Double> { lower...upper }

    /// 1, 2 and 5 of every decade; only the decades when there are more than four.
    var ticks: [Double] {
        let factors: [Double] = log10(upper / lower) > 4 ? [1] : [1, 2, 5]
        let decades = Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up))
        return decades.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }
            .filter(range.contains)
    }
}

/// Three digits that count, without an exponent.
func significant(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return "0" }
    let digits = 2 - Int(log10(abs(value)).rounded(.down))
    return decimal(value, min(max(digits, 0), 6))
}

/// A coordinate of a drawing.
func pixel(_ value: Double) -> String { decimal(value, 1) }
