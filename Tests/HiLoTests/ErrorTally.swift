import Testing

/// How far outputs are from PyTorch in double precision, beside PyTorch's own single precision.
///
/// Errors are counted in units of each output's largest value and summed over all outputs of a test:
/// some have so few numbers, or answer half a unit in the last place of their input with so much (4e-6
/// of the largest logit for one of them), that one alone says little, while over all of them a loss of
/// accuracy in a kernel shows.
struct ErrorTally {
    /// The project's promise: the largest difference as a share of the largest value.
    private static let tolerance = 1e-4
    /// What HiLo may be off by, for each of PyTorch's own errors.
    private static let mostOfTheirs = 1.5

    private var own = 0.0
    private var theirs = 0.0

    /// HiLo's error by PyTorch's, in the root mean square.
    private var ratio: Double { (own / theirs).squareRoot() }

    /// Where NaN is expected, NaN must be found, and that says nothing about errors.
    ///
    /// - Parameter theirError: root mean square of what PyTorch's float32 is off by.
    mutating func compare(
        _ name: String, _ found: [Float], expected: [Double], largest: Double, theirError: Double
    ) throws {
        try #require(found.count == expected.count, "\(name)")
        let numbers = expectedNumbers(name, found, expected)
        guard !numbers.isEmpty else { return }
        let differences = numbers.map { (Double($0) - $1) / largest }
        let isFinite = differences.allSatisfy { $0.isFinite }
        #expect(isFinite, "\(name)")
        let worst = differences.map(abs).max() ?? .infinity
        #expect(worst <= Self.tolerance, "\(name): \(worst)")
        own += differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count)
        theirs += (theirError / largest) * (theirError / largest)
    }

    /// - Parameters:
    ///   - single: of PyTorch.
    ///   - double: of PyTorch too.
    mutating func compare(
        _ name: String, _ found: [Float], single: [Double], double: [Double]
    ) throws {
        let squares = zip(single, double).map { ($0 - $1) * ($0 - $1) }
        try compare(
            name, found, expected: double, largest: double.reduce(0) { max($0, abs($1)) },
            theirError: (squares.reduce(0, +) / Double(double.count)).squareRoot())
    }

    func report(_ name: String) { print("\(name): \(ratio) times the error of PyTorch") }

    func check(_ name: String) {
        report(name)
        #expect(ratio <= Self.mostOfTheirs, "\(name): \(ratio) times the error of PyTorch")
    }
}
