import FileIO

/// How well label maps agree with the truth, over all pixels of all pictures, as mmsegmentation
/// counts. A class that occurs neither in truth nor predictions counts for nothing.
public struct SegmentationAccuracy: Equatable, Sendable {
    /// The label of pixels that are not looked at.
    public static let ignored: Int32 = 255

    private var hits: [Int32: Int] = [:]
    private var truths: [Int32: Int] = [:]
    private var predictions: [Int32: Int] = [:]

    public init() {}

    /// Adds a picture.
    ///
    /// - Throws: `EvaluationError` when the maps differ in size or a label of the truth is
    ///   negative.
    public mutating func add(prediction: [Int32], truth: [Int32]) throws {
        guard prediction.count == truth.count else {
            throw EvaluationError(
                "\(prediction.count) predicted labels for a map of \(truth.count)")
        }
        let pairs = zip(prediction, truth).lazy.map { Pair(truth: $1, found: $0) }
        for (pair, count) in pairs.counted() where pair.truth != Self.ignored {
            guard pair.truth >= 0 else {
                throw EvaluationError("the map has the label \(pair.truth)")
            }
            truths[pair.truth, default: 0] += count
            predictions[pair.found, default: 0] += count
            if pair.found == pair.truth { hits[pair.truth, default: 0] += count }
        }
    }

    /// What a pixel is, and what it is taken for.
    private struct Pair: Hashable {
        let truth: Int32
        let found: Int32
    }

    /// Pixels that are looked at.
    public var pixels: Int { truths.values.reduce(0, +) }

    /// The classes that occur; a prediction that is no class is none.
    public var classes: [Int32] {
        Set(truths.keys).union(predictions.keys).filter { $0 >= 0 }.sorted()
    }

    /// IoU: pixels found rightly, over those that are of the class or are taken for it.
    public func overlap(of label: Int32) -> Double? {
        let hit = hits[label] ?? 0
        let all = (truths[label] ?? 0) + (predictions[label] ?? 0) - hit
        return all == 0 ? nil : Double(hit) / Double(all)
    }

    /// The share of a class's pixels that are found.
    public func recall(of label: Int32) -> Double? {
        truths[label].map { Double(hits[label] ?? 0) / Double($0) }
    }

    /// mIoU.
    public var meanOverlap: Double? { DetectionAccuracy.mean(classes.map(overlap)) }

    /// mAcc.
    public var meanRecall: Double? { DetectionAccuracy.mean(classes.map(recall)) }

    /// aAcc: the share of all pixels.
    public var overall: Double? {
        pixels == 0 ? nil : Double(hits.values.reduce(0, +)) / Double(pixels)
    }
}
