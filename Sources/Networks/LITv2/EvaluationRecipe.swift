import Graphs

/// How LITv2 is evaluated on an image of any size.
public enum EvaluationRecipe: String, Sendable, Codable {
    /// Bicubic resize of the short side to `int(256/224 · side)`, then a crop from the centre.
    case resizeAndCrop
    /// Bicubic resize straight to the network's resolution.
    case resize
    /// Bilinear resize that keeps the aspect ratio and fits inside the resolution, then zeros at right
    /// and bottom: how detectors prepare images.
    case fit

    /// The authors' choice: a crop up to 224 pixels, none at 384.
    static func usual(for resolution: Resolution) -> EvaluationRecipe {
        max(resolution.height, resolution.width) < 384 ? .resizeAndCrop : .resize
    }
}
