import ImageFiles

/// A rectangle of pixels, its end exclusive; it may reach beyond a picture or be empty.
struct Area: Equatable {
    var left: Int
    var top: Int
    var right: Int
    var bottom: Int

    var isEmpty: Bool { left >= right || top >= bottom }

    func clipped(to other: Area) -> Area {
        Area(
            left: max(left, other.left), top: max(top, other.top),
            right: min(right, other.right), bottom: min(bottom, other.bottom))
    }

    func overlaps(_ other: Area) -> Bool { !clipped(to: other).isEmpty }

    /// Smaller by a margin on all sides.
    func inset(_ margin: Int) -> Area {
        Area(
            left: left + margin, top: top + margin, right: right - margin, bottom: bottom - margin)
    }
}

/// A picture that is drawn on. What lies beyond its edges is left out.
struct Canvas {
    let width: Int
    let height: Int
    private var pixels: [UInt8]

    /// Every pixel of the picture as a square of so many.
    init(_ image: RGBImage, enlarged factor: Int = 1) {
        width = image.width * factor
        height = image.height * factor
        guard factor > 1 else {
            pixels = image.pixels
            return
        }
        pixels = []
        pixels.reserveCapacity(3 * width * height)
        for y in 0..<image.height {
            var row: [UInt8] = []
            row.reserveCapacity(3 * width)
            for x in 0..<image.width {
                let start = 3 * (y * image.width + x)
                for _ in 0..<factor { row += image.pixels[start..<start + 3] }
            }
            for _ in 0..<factor { pixels += row }
        }
    }

    init(width: Int, height: Int, filledWith colour: Colour) {
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 0, count: 3 * width * height)
        fill(bounds, with: colour)
    }

    var image: RGBImage { RGBImage(width: width, height: height, pixels: pixels) }

    var bounds: Area { Area(left: 0, top: 0, right: width, bottom: height) }

    func colour(_ x: Int, _ y: Int) -> Colour {
        let start = 3 * (y * width + x)
        return Colour(red: pixels[start], green: pixels[start + 1], blue: pixels[start + 2])
    }

    /// Puts a colour over a pixel of the picture: 256 covers it, less shines through.
    mutating func paint(_ x: Int, _ y: Int, _ colour: Colour, share: Int = 256) {
        let start = 3 * (y * width + x)
        let mixed = share == 256 ? colour : self.colour(x, y).mixed(colour, share)
        pixels[start] = mixed.red
        pixels[start + 1] = mixed.green
        pixels[start + 2] = mixed.blue
    }

    mutating func fill(_ area: Area, with colour: Colour, share: Int = 256) {
        let area = area.clipped(to: bounds)
        guard !area.isEmpty else { return }
        for y in area.top..<area.bottom {
            for x in area.left..<area.right { paint(x, y, colour, share: share) }
        }
    }

    /// The edge of an area, drawn inside it.
    mutating func outline(_ area: Area, with colour: Colour, thickness: Int, share: Int = 256) {
        let wide = max(0, min(thickness, area.right - area.left))
        let high = max(0, min(thickness, area.bottom - area.top))
        var edges = [Area](repeating: area, count: 4)
        edges[0].bottom = area.top + high
        edges[1].top = max(area.bottom - high, edges[0].bottom)
        edges[2].right = area.left + wide
        edges[3].left = max(area.right - wide, edges[2].right)
        for side in 2..<4 {
            (edges[side].top, edges[side].bottom) = (edges[0].bottom, edges[1].top)
        }
        for edge in edges { fill(edge, with: colour, share: share) }
    }

    /// One line, the top left of its first character at the given place.
    mutating func write(_ text: String, left: Int, top: Int, scale: Int, _ colour: Colour) {
        for (index, character) in text.enumerated() {
            let start = left + index * Font.advance * scale
            guard start < width else { return }
            for (row, bits) in Font.standard.rows(of: character).enumerated() where bits != 0 {
                for column in 0..<Font.glyphWidth where bits >> (4 - column) & 1 == 1 {
                    let x = start + column * scale
                    let y = top + row * scale
                    fill(
                        Area(left: x, top: y, right: x + scale, bottom: y + scale), with: colour)
                }
            }
        }
    }

    /// Lays another picture over this one, its top left at the given place.
    mutating func place(_ other: Canvas, left: Int, top: Int) {
        let area = Area(
            left: left, top: top, right: left + other.width, bottom: top + other.height
        ).clipped(to: bounds)
        guard !area.isEmpty else { return }
        for y in area.top..<area.bottom {
            for x in area.left..<area.right { paint(x, y, other.colour(x - left, y - top)) }
        }
    }
}

/// How large text and lines are, from the picture's size.
struct LetteringScale {
    /// Small pictures are enlarged so that their text can be read without hiding them.
    let enlargement: Int
    /// Pixels of the picture for one of the font, and the thickness of lines.
    let text: Int

    /// The longer side that a picture should have at least, about.
    private static let side = 768

    init(width: Int, height: Int) {
        enlargement = max(1, Self.side / max(width, height))
        let area = Double(width * enlargement) * Double(height * enlargement)
        text = max(1, Int((area.squareRoot() / 320).rounded()))
    }
}
