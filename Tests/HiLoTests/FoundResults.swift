import HiLoKit
import TestFixtures
import Testing

/// Results of two correct implementations differ by rounding: boxes by so many pixels, scores by so
/// much.
enum ResultTolerance {
    static let pixels: Float = 0.05
    static let score: Float = 1e-3

    /// Pixels in which masks may differ.
    static func mask(area: Int) -> Int { 3 + area / 100 }
}

/// Boxes with scores and classes, by falling score.
struct ExpectedBoxes {
    /// Four a box.
    let boxes: [Float]
    let scores: [Float]
    /// Nil of boxes without a class.
    let classes: [Int]?

    var count: Int { scores.count }

    /// - Parameter prefix: of the tensors' names; what is empty has none.
    init(
        _ fixture: Fixture<HeadCase>, _ prefix: String, boxes: String = "boxes",
        scores: String = "scores", classes: [Int]? = nil
    ) throws {
        self.boxes = try fixture.tensor("\(prefix).\(boxes)")?.floats ?? []
        self.scores = try fixture.tensor("\(prefix).\(scores)")?.floats ?? []
        self.classes = classes
        try #require(self.boxes.count == 4 * self.scores.count, "\(prefix)")
        try #require(classes == nil || classes?.count == self.scores.count, "\(prefix)")
    }

    func box(_ index: Int) -> [Float] { Array(boxes[4 * index..<4 * index + 4]) }

    /// Of each expected box the one that was found for it. Among scores that rounding may order
    /// otherwise the nearest box is taken.
    func partners(
        _ name: String, boxes found: [[Float]], scores foundScores: [Float],
        classes foundClasses: [Int]?
    ) throws -> [Int] {
        try #require(found.count == count, "\(name): \(found.count) boxes, expected \(count)")
        let isSorted = zip(foundScores, foundScores.dropFirst()).allSatisfy { $0 >= $1 }
        #expect(isSorted, "\(name): not by falling score")
        var free = Set(found.indices)
        return try (0..<count).map { index in
            let near = free.filter { other in
                foundClasses?[other] == classes?[index]
                    && abs(foundScores[other] - scores[index]) <= ResultTolerance.score
                    && distance(found[other], index) <= ResultTolerance.pixels
            }
            let partner = near.min {
                (distance(found[$0], index), $0) < (distance(found[$1], index), $1)
            }
            let one = try #require(
                partner,
                "\(name): nothing like \(box(index)), \(scores[index]), \(classes?[index] ?? -1)")
            free.remove(one)
            return one
        }
    }

    /// The same of rows as kernels write them: a box, its score and, where one is expected, its class.
    func partners(_ name: String, rows: [[Float]]) throws -> [Int] {
        try partners(
            name, boxes: rows.map { Array($0[..<4]) }, scores: rows.map { $0[4] },
            classes: classes == nil ? nil : rows.map { Int($0[AnchorRule.detectionClass]) })
    }

    private func distance(_ found: [Float], _ index: Int) -> Float {
        zip(found, box(index)).map { abs($0 - $1) }.max() ?? .infinity
    }
}

/// The bits of masks of one size.
struct ExpectedMasks {
    private let bits: [Bool]
    private let size: Int

    init(_ text: String, size: Int) {
        bits = TestFixtures.bits(ofText: text)
        self.size = size
    }

    var count: Int { bits.count / size }

    func expect(_ found: [UInt8], at index: Int, _ name: String) {
        let expected = bits[index * size..<(index + 1) * size]
        let area = expected.count { $0 }
        let different = zip(found, expected).count { ($0 == 1) != $1 }
        #expect(found.allSatisfy { $0 <= 1 }, "\(name)")
        #expect(
            found.count == size && different <= ResultTolerance.mask(area: area),
            "\(name): \(different) of \(area) pixels differ")
    }
}

/// Rows of `width` values.
func chunks(_ values: some Collection<Float>, of width: Int) -> [[Float]] {
    let all = Array(values)
    return stride(from: 0, to: all.count, by: width).map { Array(all[$0..<$0 + width]) }
}

/// The pairs in which a number is expected; in the others NaN is, and must be found.
func expectedNumbers(
    _ name: String, _ found: [Float], _ expected: [Double]
) -> [(found: Float, expected: Double)] {
    let pairs = zip(found, expected)
    let areAlike = pairs.allSatisfy { $0.isNaN == $1.isNaN }
    #expect(areAlike, "\(name): NaN is elsewhere")
    return pairs.filter { !$1.isNaN }.map { ($0, $1) }
}

/// Values that are numbers and differ by no more than a share of the largest, or NaN where NaN is
/// expected.
func expectClose(
    _ name: String, _ found: [Float], _ expected: [Double], within share: Double
) throws {
    try #require(found.count == expected.count, "\(name)")
    let numbers = expectedNumbers(name, found, expected)
    let largest = numbers.reduce(0) { max($0, abs($1.expected)) }
    let isFinite = numbers.allSatisfy(\.found.isFinite)
    #expect(isFinite, "\(name)")
    let worst = numbers.map { abs(Double($0.found) - $0.expected) }.max() ?? 0
    #expect(worst <= share * largest, "\(name): \(worst / largest)")
}
