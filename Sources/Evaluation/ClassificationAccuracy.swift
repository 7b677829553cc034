/// How often the right class is the likeliest one, or among the five likeliest.
public struct ClassificationAccuracy: Equatable, Sendable {
    public private(set) var images = 0
    public private(set) var hitsOfBest = 0
    public private(set) var hitsOfBestFive = 0

    public init() {}

    /// Adds a picture. Of equal scores the lower class comes first; what is no number comes last.
    ///
    /// - Precondition: `truth` is the index of a score.
    public mutating func add<Score: BinaryFloatingPoint>(scores: [Score], truth: Int) {
        let score = scores[truth]
        let before = scores.indices.filter { index in
            scores[index] > score || (scores[index] == score && index < truth)
                || (score.isNaN && (!scores[index].isNaN || index < truth))
        }.count
        images += 1
        if before < 1 { hitsOfBest += 1 }
        if before < 5 { hitsOfBestFive += 1 }
    }

    public var top1: Double? { images == 0 ? nil : Double(hitsOfBest) / Double(images) }
    public var top5: Double? { images == 0 ? nil : Double(hitsOfBestFive) / Double(images) }
}
