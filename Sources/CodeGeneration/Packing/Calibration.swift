import Graphs
import Planning

/// What a narrow precision follows from, found with some images: the values that tensors take on them, which scales
/// for integers follow from, and the layers that stay wider.
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
    /// What it is for: `.int8`, or `.bf16`, which has no scales.
    public let precision: Precision
    /// A checksum of the weights that the network had.
    public let weights: String
    public let images: Int
    /// The layers that stay wider.
    public let kept: [KeptLayer]
    /// What they were chosen by; nil where nothing was measured.
    public let agreement: Agreement?
    /// Of integers: all that can be some, those of layers that are kept among them.
    public let tensors: [Channels]

    public init(
        _ precision: Precision = .int8, weights: String, images: Int, tensors: [Channels],
        kept: [KeptLayer] = [], agreement: Agreement? = nil
    ) {
        format = Self.formatVersion
        self.precision = precision
        self.weights = weights
        self.images = images
        self.kept = kept
        self.agreement = agreement
        self.tensors = tensors
    }

    /// The same with other layers that are kept, and what they were chosen by.
    public func keeping(_ kept: [KeptLayer], agreement: Agreement? = nil) -> Calibration {
        Calibration(
            precision, weights: weights, images: images, tensors: tensors, kept: kept,
            agreement: agreement)
    }

    private enum CodingKeys: String, CodingKey {
        case format, precision, weights, images, kept, agreement, tensors
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        format = try container.decode(Int.self, forKey: .format)
        // A file that says nothing of it is for integers.
        precision = try container.decodeIfPresent(Precision.self, forKey: .precision) ?? .int8
        weights = try container.decode(String.self, forKey: .weights)
        images = try container.decode(Int.self, forKey: .images)
        // A file that says nothing of layers keeps none.
        kept = try container.decodeIfPresent([KeptLayer].self, forKey: .kept) ?? []
        agreement = try container.decodeIfPresent(Agreement.self, forKey: .agreement)
        tensors = try container.decode([Channels].self, forKey: .tensors)
    }
}
