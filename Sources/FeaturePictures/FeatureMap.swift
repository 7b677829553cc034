/// The map that a network computes at one stage for one image.
public struct FeatureMap: Equatable, Sendable {
    public let channels: Int
    public let height: Int
    public let width: Int
    /// One plane a channel: channels × height × width.
    public let values: [Float]

    /// - Precondition: the extents are positive, and `values` has as many elements as they say.
    public init(channels: Int, height: Int, width: Int, values: [Float]) {
        precondition(channels > 0 && height > 0 && width > 0, "\(channels)×\(height)×\(width)")
        precondition(
            values.count == channels * height * width,
            "\(values.count) values of \(channels)×\(height)×\(width)")
        self.channels = channels
        self.height = height
        self.width = width
        self.values = values
    }

    /// Places of the map.
    var tokens: Int { height * width }

    /// The values of one channel at all tokens.
    func plane(_ channel: Int) -> ArraySlice<Float> {
        values[channel * tokens..<(channel + 1) * tokens]
    }
}
