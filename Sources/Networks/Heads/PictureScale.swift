import Graphs

/// The size to which pictures are resized for a detector or a segmenter, which keep their aspect ratio: as
/// large as they can be while neither side exceeds its own. mmdetection's `img_scale`, later `scale`.
public struct PictureScale: Sendable, Hashable, Codable {
    public let longSide: Int
    public let shortSide: Int

    /// What the preprocessing takes.
    public static let possibleSides = 1...65535

    public init(longSide: Int, shortSide: Int) {
        self.longSide = longSide
        self.shortSide = shortSide
    }

    /// What the authors take for COCO, and for ADE20K.
    static let coco = PictureScale(longSide: 1333, shortSide: 800)
    static let ade20k = PictureScale(longSide: 2048, shortSide: 512)
}

extension HeadOptions.Task {
    var usualScale: PictureScale { self == .segment ? .ade20k : .coco }
}

extension PictureScale {
    /// Of a picture of a usual shape at this size: square for a segmenter, as the authors train; for a
    /// detector landscape, with sides padded to multiples of 32.
    func resolution(for task: HeadOptions.Task) -> Resolution {
        if task == .segment { return Resolution(height: shortSide, width: shortSide) }
        return Resolution(height: shortSide.rounded(upTo: 32), width: longSide.rounded(upTo: 32))
    }
}
