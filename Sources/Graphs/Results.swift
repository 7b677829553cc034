// What detectors make of their outputs. Shapes, rules and constants follow mmdet, in two forms.

/// Which version of mmdet results follow.
public enum Era: Int, Sendable, Hashable, Codable, CaseIterable {
    /// mmdet 2.11, with which the published figures were made.
    case two = 2
    /// mmdet 3.2.
    case three = 3
}

/// One map of a pyramid.
public struct PyramidLevel: Sendable, Hashable, Codable {
    public let map: Resolution
    /// Pixels from token to token.
    public let stride: Int

    public init(map: Resolution, stride: Int) {
        self.map = map
        self.stride = stride
    }
}

extension [PyramidLevel] {
    /// Of all levels.
    public var tokens: Int { reduce(0) { $0 + $1.map.count } }
}

/// How logits of anchors become boxes. Rows of the inputs are tokens, level by level; their channels are
/// anchor·classes + class and anchor·4 + coordinate.
public struct AnchorRule: Sendable, Hashable, Codable {
    public let era: Era
    public let levels: [PyramidLevel]
    /// Sides of a cell's square anchors over the stride; each comes in the ratios ½, 1 and 2 of height to width,
    /// ratio by ratio.
    public let scales: [Double]
    public let classes: Int
    /// Scores must be above it; nil takes all.
    public let scoreThreshold: Double?
    /// A box that overlaps a better one by more than this is dropped.
    public let overlap: Double
    /// Candidates of a level.
    public let candidates: Int
    /// Boxes in all.
    public let most: Int

    public init(
        era: Era, levels: [PyramidLevel], scales: [Double], classes: Int, scoreThreshold: Double?,
        overlap: Double, candidates: Int = 1000, most: Int
    ) {
        self.era = era
        self.levels = levels
        self.scales = scales
        self.classes = classes
        self.scoreThreshold = scoreThreshold
        self.overlap = overlap
        self.candidates = candidates
        self.most = most
    }

    /// Anchors of a cell.
    public var anchors: Int { 3 * scales.count }
    /// Values of a box that is a result.
    public static let proposalWidth = 5
    /// Of one with a class: box in the original picture, score, class, box in the input.
    public static let detectionWidth = 10
    /// Where the class is, and where the box in the input begins.
    public static let detectionClass = 5
    public static let detectionBox = 6
}

/// How logits and deltas of proposals become boxes.
public struct RegionRule: Sendable, Hashable, Codable {
    public let era: Era
    public let proposals: Int
    public let classes: Int
    public let scoreThreshold: Double
    public let overlap: Double
    public let most: Int

    public init(
        era: Era, proposals: Int, classes: Int, scoreThreshold: Double = 0.05,
        overlap: Double = 0.5, most: Int = 100
    ) {
        self.era = era
        self.proposals = proposals
        self.classes = classes
        self.scoreThreshold = scoreThreshold
        self.overlap = overlap
        self.most = most
    }
}

/// Means of bilinear samples in bins×bins parts of each box (He et al., arXiv 1703.06870), the box's level by its size
/// (Lin et al., arXiv 1612.03144, equation 1). Output rows are boxes, bin by bin.
public struct RoIAlign: Sendable, Hashable, Codable {
    public let boxes: Int
    /// Values of a box in the input, and the first of its four coordinates.
    public let boxWidth, boxColumn: Int
    public let bins: Int
    /// Levels that boxes are distributed over, the first ones of the input.
    public let levels: [PyramidLevel]

    public init(boxes: Int, boxWidth: Int, boxColumn: Int, bins: Int, levels: [PyramidLevel]) {
        self.boxes = boxes
        self.boxWidth = boxWidth
        self.boxColumn = boxColumn
        self.bins = bins
        self.levels = levels
    }
}

/// A 1×1 convolution of which each detection needs the output of its own class.
public struct MaskLogits: Sendable, Hashable {
    public let parameter: String
    public let detections: Int
    public let classes: Int
    /// Side of the map that becomes twice as large.
    public let side: Int

    public init(_ parameter: String, detections: Int, classes: Int, side: Int = 14) {
        self.parameter = parameter
        self.detections = detections
        self.classes = classes
        self.side = side
    }
}

// MARK: - Lists of candidates

/// How a search for candidates shares its work: a level is searched in chunks of tokens, each of which has a slot of
/// its own for the best that it found, so that threads need not agree before all is searched.
extension AnchorRule {
    /// Logits of a chunk: enough that a slot is filled from many times as many, and few enough for many threads.
    private static let chunkLogits = 1 << 20

    /// Logits of a token.
    public var logits: Int { anchors * classes }
    /// Whether an anchor comes with all its classes. Else every pair of an anchor and a class is on its own; with one
    /// class both are the same.
    public var takesAnchors: Bool { era == .two && classes > 1 }
    /// What may become a candidate, in each token.
    public var itemsPerToken: Int { takesAnchors ? anchors : logits }
    /// Tokens of a chunk; the last one of a level may be smaller.
    public var chunk: Int { max(1, Self.chunkLogits / logits) }
    /// Chunks of each level.
    public var chunks: [Int] { levels.map { $0.map.count.dividedRoundingUp(by: chunk) } }
    /// Candidates of a chunk, at most; the same for maps of any size.
    public var slot: Int {
        guard !levels[0].map.isFlexible else { return min(candidates, chunk * itemsPerToken) }
        let largest = levels.map { min(chunk, $0.map.count) }.max() ?? 0
        return min(candidates, largest * itemsPerToken)
    }
    /// Values of the tensor between `.candidates` and what reads it, with a map of 1×1: scores and places of a chunk's
    /// candidates, chunk by chunk.
    public var candidateFloats: Int { 2 * slot * chunks.reduce(0, +) }
}
