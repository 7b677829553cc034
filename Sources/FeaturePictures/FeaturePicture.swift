import ImageFiles

/// A feature map as a person can look at it: places where the network sees alike get like colours.
///
/// Red, green and blue are the first three principal components over the tokens, each stretched
/// from its 2nd to its 98th percentile. A component in which the tokens do not differ is mid-grey;
/// a token with a value that is not finite is black. The same map always gives the same picture.
public struct FeaturePicture: Equatable, Sendable {
    public let image: RGBImage

    /// The longer side of a picture, about: tokens become squares of whole pixels.
    static let side = 512

    /// - Precondition: the map's sides are at most `RGBImage.maximumSide`.
    public init(of map: FeatureMap) {
        let finite = map.finiteTokens
        let components = PrincipalComponents(of: map, at: finite)
        var colours = [UInt8](repeating: 0, count: 3 * map.tokens)
        for component in 0..<3 {
            let levels = Self.levels(of: components.scores(component, of: map, at: finite))
            for (token, level) in zip(finite, levels) { colours[3 * token + component] = level }
        }
        image = Self.enlarged(colours, height: map.height, width: map.width)
    }

    /// Scores as bytes; mid-grey where all are equal.
    private static func levels(of scores: [Double]) -> [UInt8] {
        let sorted = scores.sorted()
        guard let lowest = sorted.first, let highest = sorted.last, lowest < highest else {
            return [UInt8](repeating: 128, count: scores.count)
        }
        let margin = sorted.count / 50
        var (low, high) = (sorted[margin], sorted[sorted.count - 1 - margin])
        // When nearly all tokens are alike, the few others are what there is to see.
        if low == high { (low, high) = (lowest, highest) }
        return scores.map { UInt8((min(max(($0 - low) / (high - low), 0), 1) * 255).rounded()) }
    }

    private static func enlarged(_ colours: [UInt8], height: Int, width: Int) -> RGBImage {
        let factor = max(1, (side + max(height, width) / 2) / max(height, width))
        var pixels: [UInt8] = []
        pixels.reserveCapacity(3 * height * width * factor * factor)
        for y in 0..<height {
            let row = (0..<width * factor).flatMap { x in
                let start = 3 * (y * width + x / factor)
                return colours[start..<start + 3]
            }
            for _ in 0..<factor { pixels += row }
        }
        return RGBImage(width: width * factor, height: height * factor, pixels: pixels)
    }
}

extension FeatureMap {
    /// The tokens of which all values are finite numbers.
    fileprivate var finiteTokens: [Int] {
        var isFinite = [Bool](repeating: true, count: tokens)
        for channel in 0..<channels {
            for (token, value) in plane(channel).enumerated() where !value.isFinite {
                isFinite[token] = false
            }
        }
        return isFinite.indices.filter { isFinite[$0] }
    }
}
