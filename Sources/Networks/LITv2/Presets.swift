import Graphs

/// The networks the authors released.
public enum Preset: String, Sendable, CaseIterable {
    case small = "litv2-s"
    case medium = "litv2-m"
    case base = "litv2-b"

    /// The preset, with what a caller may vary.
    ///
    /// - Parameters:
    ///   - name: prefix of the C symbols; nil is `litv2_s`, `litv2_m` or `litv2_b`.
    ///   - alpha: share of Lo-Fi heads in the stages with windows.
    ///   - window: window of stage 3; stage 4 attends globally.
    ///   - features: the maps that a backbone returns; nil makes a classifier.
    /// - Throws: `NetworkError` when they do not make a network.
    public func network(
        name: String? = nil, resolution: Resolution = Resolution(height: 224, width: 224),
        alpha: Double = 0.9, window: Int = 2, classes: Int = 1000,
        features: FeatureMaps? = nil
    ) throws -> LITv2 {
        let channels = self == .base ? 128 : 96
        return try LITv2(
            name: name ?? rawValue.replacing("-", with: "_"),
            height: resolution.height, width: resolution.width
        ) {
            PatchEmbedding(channels: channels)
            Stage(depth: 2) { ConvFFN() }
            TokenMerging()
            Stage(depth: 2) { ConvFFN() }
            TokenMerging()
            Stage(depth: self == .small ? 6 : 18) {
                HiLoAttention(heads: channels / 8, window: window, alpha: alpha)
                ConvFFN()
            }
            TokenMerging()
            Stage(depth: 2) {
                HiLoAttention(heads: channels / 4, window: 1, alpha: alpha)
                ConvFFN()
            }
            if let features { features } else { Classifier(classes: classes) }
        }
    }
}
