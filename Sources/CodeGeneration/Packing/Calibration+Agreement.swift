extension Calibration {
    /// What another precision changes of a network's outputs, on some images.
    public enum Cost: Sendable, Equatable {
        /// A classifier's answers, of so many images.
        case answers(Int)
        /// Maps. Their error is so large a share of their power, squares summed up over tokens and channels, each
        /// channel's mean taken off the power: the inverse of a signal-to-noise ratio.
        case maps(error: Double)

        /// As a share: of all images, or of the power.
        public func share(ofImages images: Int) -> Double {
            switch self {
            case .answers(let differing): Double(differing) / Double(images)
            case .maps(let error): error
            }
        }
    }

    /// How near the outputs of the library, or the maps that its heads read, are to those of one in single precision,
    /// on images of the calibration.
    public struct Agreement: Sendable, Equatable {
        /// The largest share that the cost was to be.
        public let maxDrop: Double
        public let images: Int
        /// Of the library as it is.
        public let cost: Cost
        /// The same where no layer is kept, and of the same kind.
        public let costWithoutKept: Cost

        public init(maxDrop: Double, images: Int, cost: Cost, costWithoutKept: Cost) {
            self.maxDrop = maxDrop
            self.images = images
            self.cost = cost
            self.costWithoutKept = costWithoutKept
        }
    }
}

extension Calibration.Agreement: Codable {
    private enum CodingKeys: String, CodingKey {
        case maxDrop, images, differing, differingWithoutKept, error, errorWithoutKept
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        maxDrop = try container.decode(Double.self, forKey: .maxDrop)
        images = try container.decode(Int.self, forKey: .images)
        if container.contains(.error) {
            cost = .maps(error: try container.decode(Double.self, forKey: .error))
            costWithoutKept = .maps(
                error: try container.decode(Double.self, forKey: .errorWithoutKept))
        } else {
            cost = .answers(try container.decode(Int.self, forKey: .differing))
            costWithoutKept = .answers(
                try container.decode(Int.self, forKey: .differingWithoutKept))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(maxDrop, forKey: .maxDrop)
        try container.encode(images, forKey: .images)
        for (cost, answers, error) in [
            (cost, CodingKeys.differing, CodingKeys.error),
            (costWithoutKept, .differingWithoutKept, .errorWithoutKept),
        ] {
            switch cost {
            case .answers(let differing): try container.encode(differing, forKey: answers)
            case .maps(let share): try container.encode(share, forKey: error)
            }
        }
    }
}
