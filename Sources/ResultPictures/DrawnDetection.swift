/// The pixels of a picture that belong to an object.
public struct Bitmap: Equatable, Sendable {
    public let width: Int
    public let height: Int
    /// height × width bytes, row by row: 0 is not the object.
    public let bytes: [UInt8]

    /// - Precondition: `bytes` has width · height elements.
    public init(width: Int, height: Int, bytes: [UInt8]) {
        precondition(bytes.count == width * height, "\(bytes.count) bytes of \(height)×\(width)")
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    /// False beyond the edges.
    func contains(_ x: Int, _ y: Int) -> Bool {
        x >= 0 && y >= 0 && x < width && y < height && bytes[y * width + x] != 0
    }

    /// The smallest area with all of the object in it, or nil where there is none.
    var extent: Area? {
        var extent = Area(left: width, top: height, right: 0, bottom: 0)
        for y in 0..<height {
            let row = bytes[y * width..<(y + 1) * width]
            guard let first = row.firstIndex(where: { $0 != 0 }),
                let last = row.lastIndex(where: { $0 != 0 })
            else { continue }
            extent.left = min(extent.left, first - y * width)
            extent.right = max(extent.right, last - y * width + 1)
            extent.top = min(extent.top, y)
            extent.bottom = y + 1
        }
        return extent.isEmpty ? nil : extent
    }
}

/// An object as it is drawn into a picture, in the picture's coordinates.
public struct DrawnDetection: Equatable, Sendable {
    /// Corners, not whole pixels; they may lie outside the picture.
    public struct Box: Equatable, Sendable {
        public let x0: Double
        public let y0: Double
        public let x1: Double
        public let y1: Double

        public init(x0: Double, y0: Double, x1: Double, y1: Double) {
            self.x0 = x0
            self.y0 = y0
            self.x1 = x1
            self.y1 = y1
        }
    }

    public let box: Box
    /// The name of the class.
    public let label: String
    public let score: Double
    /// The number of the class, from 0; it gives the colour.
    public let classIndex: Int
    /// Of the picture's size.
    public let mask: Bitmap?

    public init(box: Box, label: String, score: Double, classIndex: Int, mask: Bitmap? = nil) {
        self.box = box
        self.label = label
        self.score = score
        self.classIndex = classIndex
        self.mask = mask
    }

    /// What is written at the box.
    var caption: String {
        let percent = score.isFinite ? Int((min(max(score, 0), 1) * 100).rounded()) : 0
        return label.isEmpty ? "\(percent)%" : "\(label) \(percent)%"
    }
}
