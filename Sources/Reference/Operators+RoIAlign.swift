import Foundation

/// A box in pixels of the input.
public struct Box: Sendable, Equatable {
    public let x0, y0, x1, y1: Float

    public init(x0: Float, y0: Float, x1: Float, y1: Float) {
        (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
    }
}

extension Operators {
    /// RoIAlign (Mask R-CNN, arXiv 1703.06870): means of bilinear samples in `bins`×`bins` parts of a box,
    /// as many of them as a part has tokens, rounded up.
    ///
    /// Which level a box falls into and how many samples a part has is decided in single precision, as
    /// the networks were trained: a rounding there would change more than one here.
    ///
    /// - Parameters:
    ///   - levels: of a pyramid, the finest first.
    ///   - strides: pixels from token to token of each.
    /// - Returns: a map of `bins`×`bins` tokens.
    public static func roiAlign(
        _ levels: [TokenMap], strides: [Int], _ box: Box, bins: Int
    ) -> TokenMap {
        let level = pyramidLevel(of: box, levels: levels.count, finest: strides[0])
        guard let level else {
            return TokenMap(height: bins, width: bins, channels: levels[0].channels)
        }
        let map = levels[level]
        let rows = BoxAxis(box.y0, box.y1, stride: strides[level], bins: bins)
        let columns = BoxAxis(box.x0, box.x1, stride: strides[level], bins: bins)
        return TokenMap(height: bins, width: bins, channels: map.channels) { token, output in
            for y in rows.samples(ofBin: token / bins) {
                for x in columns.samples(ofBin: token % bins) where reaches(map, y: y, x: x) {
                    addSample(of: map, y: y, x: x, to: output)
                }
            }
            let count = Double(max(rows.count * columns.count, 1))
            for channel in output.indices { output[channel] /= count }
        }
    }

    /// Boxes of 56 strides and less in the first level, each later one for twice the side (Lin et al.,
    /// arXiv 1612.03144, equation 1, as mmdetection has it); nil of a box that has no size.
    public static func pyramidLevel(of box: Box, levels: Int, finest: Int) -> Int? {
        let (width, height) = (box.x1 - box.x0, box.y1 - box.y0)
        let side = (width * height).squareRoot()
        guard side.isFinite, box.x0.isFinite, box.y0.isFinite else { return nil }
        // The authors' finest stride is 4, and 56 pixels.
        let level = log2(side / Float(14 * finest) + 1e-6).rounded(.down)
        return min(max(Int(level), 0), levels - 1)
    }

    /// Whether a sample counts: more than one token outside there is nothing.
    private static func reaches(_ map: TokenMap, y: Double, x: Double) -> Bool {
        y >= -1 && y <= Double(map.height) && x >= -1 && x <= Double(map.width)
    }
}

/// One side of a box in tokens, cut into bins.
private struct BoxAxis: Sendable {
    private let start, bin: Double
    /// Samples of a bin; 0 of an empty side.
    let count: Int

    init(_ first: Float, _ last: Float, stride: Int, bins: Int) {
        let scale = 1 / Double(stride)
        start = Double(first) * scale - 0.5
        bin = (Double(last) - Double(first)) * scale / Double(bins)
        let (low, high) = (first * Float(scale) - 0.5, last * Float(scale) - 0.5)
        let size = (high - low) / Float(bins)
        count = size > 0 && size < 1e6 ? Int(size.rounded(.up)) : 0
    }

    func samples(ofBin index: Int) -> [Double] {
        (0..<count).map { sample in
            let place = (Double(sample) + 0.5) / Double(count)
            return start + (Double(index) + place) * bin
        }
    }
}
