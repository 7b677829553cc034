/// The objects that are in pictures, as files of COCO's form say it.
public struct CocoDataset: Sendable {
    public struct Image: Decodable, Equatable, Sendable {
        public let id: Int
        public let fileName: String
        public let height: Int
        public let width: Int

        enum CodingKeys: String, CodingKey {
            case id, height, width
            case fileName = "file_name"
        }
    }

    public struct Category: Decodable, Equatable, Sendable {
        public let id: Int
        public let name: String
    }

    public struct Annotation: Decodable, Sendable {
        public let id: Int
        public let imageID: Int
        public let categoryID: Int
        /// x, y, width and height.
        public let box: [Double]
        public let area: Double
        /// Whether it stands for a group of objects: what lies in it counts neither as found nor as
        /// wrong.
        public let isCrowd: Bool
        public let segmentation: CocoSegmentation?
    }

    public let images: [Image]
    public let annotations: [Annotation]
    public let categories: [Category]

    /// - Throws: `EvaluationError` when something occurs twice or refers to nothing.
    public init(
        images: [Image], annotations: [Annotation], categories: [Category]
    ) throws {
        try Self.refuseDoubles(images.map(\.id), "images")
        try Self.refuseDoubles(annotations.map(\.id), "annotations")
        try Self.refuseDoubles(categories.map(\.id), "categories")
        self.images = images
        self.annotations = annotations
        self.categories = categories
    }

    private static func refuseDoubles(_ numbers: [Int], _ things: String) throws {
        var seen: Set<Int> = []
        for number in numbers where !seen.insert(number).inserted {
            throw EvaluationError("two \(things) have the id \(number)")
        }
    }
}

/// An object that a detector found, in the form of COCO's result files.
public struct CocoDetection: Sendable {
    public let imageID: Int
    public let categoryID: Int
    public let score: Double
    /// x, y, width and height.
    public let box: [Double]?
    public let segmentation: CocoSegmentation?

    public init(
        imageID: Int, categoryID: Int, score: Double, box: [Double]?,
        segmentation: CocoSegmentation? = nil
    ) {
        self.imageID = imageID
        self.categoryID = categoryID
        self.score = score
        self.box = box
        self.segmentation = segmentation
    }
}

/// The three ways in which a file says which pixels an object has.
public enum CocoSegmentation: Sendable {
    case polygons([[Double]])
    case counts(height: Int, width: Int, [Int])
    case compressed(height: Int, width: Int, String)

    /// In a picture of that size.
    ///
    /// - Throws: `EvaluationError`.
    public func mask(height: Int, width: Int) throws -> RunLengthMask {
        func check(_ size: (Int, Int)) throws {
            guard size == (height, width) else {
                throw EvaluationError(
                    "a mask of \(size.0)×\(size.1) pixels in a picture of \(height)×\(width)")
            }
        }
        switch self {
        case .polygons(let polygons):
            guard !polygons.isEmpty else { throw EvaluationError("a segmentation is empty") }
            return try RunLengthMask(height: height, width: width, polygons: polygons)
        case .counts(let high, let wide, let counts):
            try check((high, wide))
            return try RunLengthMask(height: height, width: width, counts: counts)
        case .compressed(let high, let wide, let text):
            try check((high, wide))
            return try RunLengthMask(height: height, width: width, compressed: text)
        }
    }
}
