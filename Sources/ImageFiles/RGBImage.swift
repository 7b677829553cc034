/// An 8-bit RGB picture.
public struct RGBImage: Equatable, Sendable {
    /// Pixels in a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// height × width × 3 bytes, row-major: R, G, B of a pixel side by side.
    public let pixels: [UInt8]

    /// The longest side, in pixels, that is read or written.
    public static let maximumSide = 20_000
    /// The size of the longest file, in bytes, that is read.
    public static let maximumFileSize = 512 << 20

    /// - Precondition: the sides are in 1...`maximumSide`, and `pixels` has width · height · 3 bytes.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition((1...Self.maximumSide).contains(width), "width \(width)")
        precondition((1...Self.maximumSide).contains(height), "height \(height)")
        precondition(pixels.count == width * height * 3, "\(pixels.count) bytes of pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
