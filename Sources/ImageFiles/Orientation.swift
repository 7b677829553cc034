/// How the rows and columns of a photo lie in the picture that it shows: cameras store what the sensor
/// saw, and a tag that says how the camera was held. The numbers are those of the tag (EXIF 0x0112).
enum Orientation: Int, CaseIterable {
    case upright = 1
    case mirrored
    case upsideDown
    case mirroredUpsideDown
    /// Rows are the columns of the picture.
    case transposed
    /// The picture lies on its left side: it is turned clockwise.
    case turnedLeft
    /// Transposed along the other diagonal.
    case transverse
    /// The picture lies on its right side: it is turned counterclockwise.
    case turnedRight

    /// Whether the picture's width is the photo's height.
    var swapsSides: Bool {
        switch self {
        case .upright, .mirrored, .upsideDown, .mirroredUpsideDown: false
        case .transposed, .turnedLeft, .transverse, .turnedRight: true
        }
    }

    /// Whether the picture takes a photo's row from its end.
    fileprivate var reversesRows: Bool {
        switch self {
        case .mirrored, .upsideDown, .transverse, .turnedRight: true
        case .upright, .mirroredUpsideDown, .transposed, .turnedLeft: false
        }
    }

    /// Whether the picture takes a photo's column from its end.
    fileprivate var reversesColumns: Bool {
        switch self {
        case .upsideDown, .mirroredUpsideDown, .turnedLeft, .transverse: true
        case .upright, .mirrored, .transposed, .turnedRight: false
        }
    }
}

extension RGBImage {
    /// The picture that a photo of this orientation shows, as Pillow's `ImageOps.exif_transpose` makes
    /// it.
    func turned(_ orientation: Orientation) -> RGBImage {
        guard orientation != .upright else { return self }
        // A step along a row and down a column of the photo, in pixels.
        let across = orientation.reversesRows ? -1 : 1
        let down = orientation.reversesColumns ? -width : width
        let start =
            (orientation.reversesRows ? width - 1 : 0)
            + (orientation.reversesColumns ? (height - 1) * width : 0)
        let (columns, rows) = orientation.swapsSides ? (height, width) : (width, height)
        let (step, line) = orientation.swapsSides ? (down, across) : (across, down)
        let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, initialized in
            var target = 0
            for row in 0..<rows {
                var source = 3 * (start + row * line)
                for _ in 0..<columns {
                    for channel in 0..<3 {
                        buffer.initializeElement(at: target + channel, to: pixels[source + channel])
                    }
                    target += 3
                    source += 3 * step
                }
            }
            initialized = target
        }
        return RGBImage(width: columns, height: rows, pixels: turned)
    }
}
