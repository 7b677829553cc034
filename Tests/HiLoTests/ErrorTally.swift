import Foundation
import HiLoKit
import Testing

/// How far outputs are from PyTorch in double precision, beside PyTorch's own single precision.
///
/// Errors are taken in units of each output's largest value, and what is looked at is the geometric mean of HiLo's
/// error by PyTorch's over all outputs of a test. One output alone says little: some have few numbers, or answer half a
/// unit in the last place of their input with so much (4e-6 of the largest logit for one of them) that either side can be
/// lucky. A loss of accuracy in a kernel shows in all of them. Squares summed over all outputs are bounded too, more
/// loosely: in them the few worst outputs count most.
struct ErrorTally {
    /// The project's promise: the largest difference as a share of the largest value.
    private static let tolerance = 1e-4
    /// What HiLo may be off by, for each of PyTorch's own errors.
    private static let mostOfTheirs = 1.2
    /// The same where there are no fused multiply-adds, which PyTorch has: each product of a sum is rounded too.
    private static let mostUnfused = 1.3
    /// The same of one output alone, and of all squares.
    private static let mostOfOne = 5.0
    private static let mostOfSquares = 1.5

    /// In the root mean square of each output.
    private var means = Ratios()
    /// Of the largest differences, where all of PyTorch's numbers are known.
    private var maxima = Ratios()

    /// Sums of squares, of HiLo's errors and of PyTorch's.
    private var squares = (own: 0.0, theirs: 0.0)

    private struct Ratios {
        private(set) var count = 0
        private var logarithms = 0.0

        /// The geometric mean.
        var mean: Double { exp(logarithms / Double(count)) }

        /// Nothing is learned where PyTorch's numbers are exact.
        mutating func add(_ own: Double, by theirs: Double) {
            guard own > 0, theirs > 0 else { return }
            logarithms += log(own / theirs)
            count += 1
        }
    }

    /// Where NaN is expected, NaN must be found, and that says nothing about errors.
    ///
    /// - Parameters:
    ///   - theirError: root mean square of what PyTorch's float32 is off by.
    ///   - theirLargest: the most that it is off by; nil where that is not known.
    mutating func compare(
        _ name: String, _ found: [Float], expected: [Double], largest: Double, theirError: Double,
        theirLargest: Double? = nil
    ) throws {
        try #require(found.count == expected.count, "\(name)")
        let numbers = expectedNumbers(name, found, expected)
        guard !numbers.isEmpty else { return }
        let differences = numbers.map { (Double($0) - $1) / largest }
        let isFinite = differences.allSatisfy { $0.isFinite }
        #expect(isFinite, "\(name)")
        let worst = differences.map(abs).max() ?? .infinity
        #expect(worst <= Self.tolerance, "\(name): \(worst)")
        let sum = differences.reduce(0) { $0 + $1 * $1 }
        let own = (sum / Double(differences.count)).squareRoot()
        let theirs = theirError / largest
        #expect(
            theirs == 0 || own <= Self.mostOfOne * theirs,
            "\(name): \(own / theirs) times the error of PyTorch")
        means.add(own, by: theirs)
        if let theirLargest { maxima.add(worst, by: theirLargest / largest) }
        squares.own += own * own
        squares.theirs += theirs * theirs
    }

    /// - Parameters:
    ///   - single: of PyTorch.
    ///   - double: of PyTorch too.
    mutating func compare(
        _ name: String, _ found: [Float], single: [Double], double: [Double]
    ) throws {
        let theirs = zip(single, double).map { abs($0 - $1) }
        let squares = theirs.reduce(0) { $0 + $1 * $1 }
        try compare(
            name, found, expected: double, largest: double.reduce(0) { max($0, abs($1)) },
            theirError: (squares / Double(double.count)).squareRoot(), theirLargest: theirs.max())
    }

    func report(_ name: String) { print(text(name)) }

    func check(_ name: String, on isa: ISA) {
        report(name)
        let most =
            isa.features.isDisjoint(with: [.fma, .asimd]) ? Self.mostUnfused : Self.mostOfTheirs
        #expect(means.count > 0 && means.mean <= most, "\(text(name))")
        #expect(maxima.count == 0 || maxima.mean <= most, "\(text(name))")
        #expect(ofSquares <= Self.mostOfSquares, "\(text(name))")
    }

    private var ofSquares: Double { (squares.own / squares.theirs).squareRoot() }

    private func text(_ name: String) -> String {
        "\(name): \(means.mean) times the error of PyTorch in \(means.count) outputs"
            + (maxima.count == 0 ? "" : ", \(maxima.mean) times in the largest differences")
            + ", \(ofSquares) times by squares"
    }
}
