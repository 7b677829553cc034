import Reference

/// How far two classifiers agree on the same pictures.
public struct ClassificationAgreement: Equatable, Sendable {
    public private(set) var images = 0
    /// Pictures of which both find the same class likeliest.
    public private(set) var sameBest = 0
    /// Of all pictures; 0 where none differs.
    public private(set) var worstDifference = 0.0
    /// Which one has it, by its place among all; nil where none differs.
    public private(set) var worstImage: Int?
    private var sumOfDifferences = 0.0

    public init() {}

    /// Adds a picture by the logits of both.
    ///
    /// Two pictures differ by the largest absolute difference of a class's probability, which is
    /// the softmax of the logits; by 1, the most that there is, where one of them is no number.
    ///
    /// - Precondition: both have as many classes, at least one.
    public mutating func add<Score: BinaryFloatingPoint>(_ first: [Score], _ second: [Score]) {
        precondition(first.count == second.count, "\(first.count) and \(second.count) classes")
        if first.likeliest == second.likeliest { sameBest += 1 }
        let difference = zip(probabilities(first), probabilities(second)).lazy
            .map { abs($0 - $1) }.reduce(0) { $1.isNaN ? 1 : max($0, $1) }
        if difference > worstDifference { (worstDifference, worstImage) = (difference, images) }
        sumOfDifferences += difference
        images += 1
    }

    /// The share of pictures of which both find the same class likeliest.
    public var agreement: Double? { images == 0 ? nil : Double(sameBest) / Double(images) }
    /// The mean of the pictures' differences.
    public var meanDifference: Double? { images == 0 ? nil : sumOfDifferences / Double(images) }

    private func probabilities<Score: BinaryFloatingPoint>(_ logits: [Score]) -> [Double] {
        Operators.softmax(logits.map { Double($0) })
    }
}

extension Array where Element: BinaryFloatingPoint {
    /// The index of the largest; of equals the first, and what is no number counts for less than
    /// any. nil of an empty array.
    var likeliest: Int? {
        indices.reduce(nil) { best, index in
            guard let best else { return index }
            return self[index] > self[best] || (self[best].isNaN && !self[index].isNaN)
                ? index : best
        }
    }
}
