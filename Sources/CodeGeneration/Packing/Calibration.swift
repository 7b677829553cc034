import Graphs

/// What values the tensors of a network take on some images: what scales for integers follow from.
public struct Calibration: Sendable, Equatable, Codable {
    /// Of one tensor, channel by channel over the tokens of all images.
    public struct Channels: Sendable, Equatable, Codable {
        /// `QuantisedTensor.name`.
        public let name: String
        public let least, greatest: [Float]
        public let mean, meanSquare: [Float]

        public init(
            name: String, least: [Float], greatest: [Float], mean: [Float], meanSquare: [Float]
        ) {
            self.name = name
            self.least = least
            self.greatest = greatest
            self.mean = mean
            self.meanSquare = meanSquare
        }
    }

    public static let formatVersion = 1
    public let format: Int
    /// A checksum of the weights that the network had.
    public let weights: String
    public let images: Int
    public let tensors: [Channels]

    public init(weights: String, images: Int, tensors: [Channels]) {
        format = Self.formatVersion
        self.weights = weights
        self.images = images
        self.tensors = tensors
    }
}
