import FileIO
import ImageFiles

/// A picture with the class of each pixel laid over it in colours, and below it a legend of the
/// classes that occur, the largest first.
///
/// A small picture is enlarged by a whole number, so that there is room for text.
public struct SegmentationPicture: Equatable, Sendable {
    public let image: RGBImage

    /// - Parameters:
    ///   - labels: height × width classes, row by row; a pixel whose class is negative or 255 stays
    ///     as it is.
    ///   - names: of the classes, by number; a class without one is called by its number.
    /// - Precondition: `labels` has an element for each pixel.
    public init(labels: [Int32], on image: RGBImage, names: [String] = []) {
        precondition(labels.count == image.width * image.height, "\(labels.count) labels")
        let map = LabelledPixels(labels: labels, width: image.width)
        let scale = LetteringScale(width: image.width, height: image.height)
        let overlay = map.overlay(on: image, scale)
        let legend = Legend(of: map, names: names, width: overlay.width, scale: scale.text)
        self.image = legend.below(overlay)
    }
}

/// A label for each pixel, and the colours of labels.
struct LabelledPixels {
    /// How a class is painted.
    struct Ink {
        let colour: Colour
        /// Of lines where classes meet.
        let line: Colour

        init(ofClass label: Int32) {
            colour = .ofClass(Int(label))
            line = colour.mixed(.black, 80)
        }
    }

    /// The label of pixels that belong to no class.
    private static let ignored: Int32 = 255

    let labels: [Int32]
    let width: Int
    /// Classes and their pixels, most pixels first.
    let classes: [(label: Int32, count: Int)]
    private let inks: [Int32: Ink]

    init(labels: [Int32], width: Int) {
        self.labels = labels
        self.width = width
        classes = labels.counted().filter { $0.key >= 0 && $0.key != Self.ignored }
            .map { (label: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.label) < ($0.count, $1.label) }
        inks = Dictionary(
            uniqueKeysWithValues: classes.map { ($0.label, Ink(ofClass: $0.label)) })
    }

    /// Colours at half strength, and lines where classes meet.
    func overlay(on image: RGBImage, _ scale: LetteringScale) -> Canvas {
        let factor = scale.enlargement
        let line = max(1, scale.text / 2)
        var canvas = Canvas(image, enlarged: factor)
        // Of the last pixel; most have the same as the one before.
        var (last, ink) = (-1 as Int32, nil as Ink?)
        for y in 0..<canvas.height {
            for x in 0..<canvas.width {
                let label = label(x / factor, y / factor)
                if label != last { (last, ink) = (label, inks[label]) }
                guard let ink else { continue }
                let right = self.label(min(x + line, canvas.width - 1) / factor, y / factor)
                let below = self.label(x / factor, min(y + line, canvas.height - 1) / factor)
                let isLine = right != label || below != label
                canvas.paint(x, y, isLine ? ink.line : ink.colour, share: isLine ? 230 : 140)
            }
        }
        return canvas
    }

    private func label(_ x: Int, _ y: Int) -> Int32 { labels[y * width + x] }
}

/// Rows of a coloured square, a name and a share, in as many columns as there is room for.
struct Legend {
    private struct Entry {
        let text: String
        let colour: Colour
    }

    private let entries: [Entry]
    private let width: Int
    private let scale: Int

    init(of map: LabelledPixels, names: [String], width: Int, scale: Int) {
        self.width = width
        self.scale = scale
        entries = map.classes.map { label, count in
            let name = names.indices.contains(Int(label)) ? names[Int(label)] : "class \(label)"
            let share = Self.percent(count, of: map.labels.count)
            return Entry(text: "\(name) \(share)", colour: .ofClass(Int(label)))
        }
    }

    /// Whole percents, and what is less.
    private static func percent(_ count: Int, of all: Int) -> String {
        let percent = (100 * Double(count) / Double(all)).rounded()
        return percent < 1 ? "<1%" : "\(Int(percent))%"
    }

    private var rowHeight: Int { 12 * scale }
    private var margin: Int { 4 * scale }
    private var square: Int { 9 * scale }

    /// The widest entry with a gap behind it.
    private var entryWidth: Int {
        let text = entries.map { Font.width(of: $0.text, scale: scale) }.max() ?? 0
        return square + 3 * scale + text + 8 * scale
    }

    /// The picture with the legend; as many entries as a picture may be high and wide.
    func below(_ picture: Canvas) -> RGBImage {
        let columns = max(1, (width - 2 * margin) / entryWidth)
        let room = RGBImage.maximumSide - picture.height - 2 * margin
        let rows = min((entries.count + columns - 1) / columns, room / rowHeight)
        guard rows > 0 else { return picture.image }
        let wide = min(max(width, entryWidth + 2 * margin), RGBImage.maximumSide)
        let high = picture.height + rows * rowHeight + 2 * margin
        var canvas = Canvas(width: wide, height: high, filledWith: .white)
        canvas.place(picture, left: 0, top: 0)
        // Down the columns, as lists are read.
        for (index, entry) in entries.prefix(rows * columns).enumerated() {
            draw(
                entry, on: &canvas, left: margin + index / rows * entryWidth,
                top: picture.height + margin + index % rows * rowHeight)
        }
        return canvas.image
    }

    private func draw(_ entry: Entry, on canvas: inout Canvas, left: Int, top: Int) {
        let area = Area(left: left, top: top, right: left + square, bottom: top + square)
        canvas.fill(area, with: entry.colour)
        canvas.outline(area, with: entry.colour.mixed(.black, 96), thickness: max(1, scale / 2))
        canvas.write(
            entry.text, left: left + square + 3 * scale, top: top + scale, scale: scale, .black)
    }
}
