/// A rectangle of a drawing.
struct Box {
    let x, y, width, height: Double

    func overlaps(_ other: Box) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height
            && other.y < y + height
    }

    func contains(_ other: Box) -> Bool {
        other.x >= x && other.y >= y && other.x + other.width <= x + width
            && other.y + other.height <= y + height
    }
}

/// Puts texts beside discs so that they cover neither each other nor a disc.
struct LabelPlacement {
    struct Disc {
        let x, y, radius: Double

        var box: Box {
            Box(x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius)
        }
    }

    private static let lineHeight = 15.0
    private let frame: Box
    private var taken: [Box]

    /// - Parameters:
    ///   - frame: labels stay inside.
    ///   - obstacles: what no label may cover.
    init(frame: Box, obstacles: [Box]) {
        self.frame = frame
        taken = obstacles
    }

    /// The place of a text, or nil where none is free.
    mutating func place(_ text: String, beside disc: Disc) -> Box? {
        // The width of a text of 12 pixels, rather too wide than too narrow.
        let size = (width: 7.4 * Double(text.count), height: Self.lineHeight)
        for distance in stride(from: 4.0, through: 100, by: 12) {
            for (towardsX, towardsY) in Self.directions {
                let reach = disc.radius + distance
                let box = Box(
                    x: disc.x + reach * towardsX - size.width * (1 - towardsX) / 2,
                    y: disc.y + reach * towardsY - size.height * (1 - towardsY) / 2,
                    width: size.width, height: size.height)
                if frame.contains(box), !taken.contains(where: box.overlaps) {
                    taken.append(box)
                    return box
                }
            }
        }
        return nil
    }

    private static let directions: [(Double, Double)] = [
        (1, 0), (-1, 0), (0.7, -0.7), (0.7, 0.7), (-0.7, -0.7), (-0.7, 0.7), (0, -1), (0, 1),
    ]
}
