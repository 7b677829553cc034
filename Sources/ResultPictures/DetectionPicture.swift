import ImageFiles

/// A picture with the objects that were found in it: boxes with names and scores, translucent masks
/// with their contours, colours by class. What has the highest score lies on top.
///
/// A small picture is enlarged by a whole number, so that there is room for text.
///
/// - Precondition: masks are of the picture's size.
public func drawn(_ detections: [DrawnDetection], on image: RGBImage) -> RGBImage {
    var picture = DetectionPicture(of: image)
    let order = detections.indices.sorted {
        (detections[$0].score, $1) < (detections[$1].score, $0)
    }
    for index in order { picture.drawMask(of: detections[index]) }
    for index in order { picture.drawBox(of: detections[index]) }
    for index in order.reversed() { picture.placeCaption(of: detections[index]) }
    picture.drawCaptions()
    return picture.canvas.image
}

struct DetectionPicture {
    /// A line of text that has its place.
    struct Caption {
        let area: Area
        let text: String
        let colour: Colour
    }

    private(set) var canvas: Canvas
    private(set) var captions: [Caption] = []
    private let scale: LetteringScale
    /// How far from a mask's pixel its contour is looked for.
    private let distances: [Int]

    init(of image: RGBImage) {
        scale = LetteringScale(width: image.width, height: image.height)
        distances = scale.text == 1 ? [1] : [1, scale.text]
        canvas = Canvas(image, enlarged: scale.enlargement)
    }

    /// Half of the picture shines through a mask, nothing through its contour.
    mutating func drawMask(of detection: DrawnDetection) {
        guard let mask = detection.mask, let extent = mask.extent else { return }
        let factor = scale.enlargement
        precondition(
            mask.width * factor == canvas.width && mask.height * factor == canvas.height,
            "a mask of \(mask.height)×\(mask.width)")
        let colour = Colour.ofClass(detection.classIndex)
        for y in extent.top * factor..<extent.bottom * factor {
            for x in extent.left * factor..<extent.right * factor
            where mask.contains(x / factor, y / factor) {
                let share = isContour(x, y, mask) ? 256 : 112
                canvas.paint(x, y, colour, share: share)
            }
        }
    }

    /// Whether a pixel of a mask lies at its edge. The neighbour and the pixel a line's thickness
    /// away are looked at, which is enough unless a hole is thinner than the line.
    private func isContour(_ x: Int, _ y: Int, _ mask: Bitmap) -> Bool {
        let factor = scale.enlargement
        func isOutside(_ x: Int, _ y: Int) -> Bool {
            // The picture's own edge is none of the object.
            guard x >= 0, y >= 0, x < canvas.width, y < canvas.height else { return false }
            return !mask.contains(x / factor, y / factor)
        }
        for distance in distances {
            if isOutside(x - distance, y) || isOutside(x + distance, y)
                || isOutside(x, y - distance) || isOutside(x, y + distance)
            {
                return true
            }
        }
        return false
    }

    /// In the class's colour, with a shadow around that sets it off.
    mutating func drawBox(of detection: DrawnDetection) {
        guard let area = area(of: detection.box) else { return }
        let shadow = max(1, scale.text / 2)
        canvas.outline(area.inset(-shadow), with: .black, thickness: shadow, share: 112)
        canvas.outline(area, with: .ofClass(detection.classIndex), thickness: scale.text)
    }

    /// The pixels that a box touches, cut to the picture; at least one. Nil where a corner is no
    /// number.
    private func area(of box: DrawnDetection.Box) -> Area? {
        guard [box.x0, box.y0, box.x1, box.y1].allSatisfy({ !$0.isNaN }) else { return nil }
        func place(_ value: Double, _ limit: Int, _ rule: FloatingPointRoundingRule) -> Int {
            Int(min(max(value * Double(scale.enlargement), 0), Double(limit)).rounded(rule))
        }
        var area = Area(
            left: place(box.x0, canvas.width, .down), top: place(box.y0, canvas.height, .down),
            right: place(box.x1, canvas.width, .up), bottom: place(box.y1, canvas.height, .up))
        area.left = min(area.left, canvas.width - 1)
        area.top = min(area.top, canvas.height - 1)
        area.right = max(area.right, area.left + 1)
        area.bottom = max(area.bottom, area.top + 1)
        return area
    }

    /// Above the box, inside it or below, where no caption lies yet; else above it, or as near to
    /// that as the picture's edge allows.
    mutating func placeCaption(of detection: DrawnDetection) {
        guard let box = area(of: detection.box) else { return }
        let text = detection.caption
        let width = Font.width(of: text, scale: scale.text) + 2 * padding
        let places = [
            box.top - height, box.top, box.bottom, box.bottom - height,
        ].flatMap { top in [(box.left, top), (box.right - width, top)] }
        let areas = places.map { inside(left: $0.0, top: $0.1, width: width) }
        let free = areas.first { area in !captions.contains { $0.area.overlaps(area) } }
        captions.append(
            Caption(
                area: free ?? areas[0], text: text, colour: .ofClass(detection.classIndex)))
    }

    private var padding: Int { 2 * scale.text }
    /// Of a caption; descenders reach into the lower padding.
    private var height: Int { (Font.capitalHeight + 4) * scale.text }

    /// Moved so that as much as possible lies in the picture, the start of the text before its end.
    private func inside(left: Int, top: Int, width: Int) -> Area {
        let left = max(0, min(left, canvas.width - width))
        let top = max(0, min(top, canvas.height - height))
        return Area(left: left, top: top, right: left + width, bottom: top + height)
    }

    /// The last one first, so that the highest scores lie on top.
    mutating func drawCaptions() {
        for caption in captions.reversed() {
            canvas.fill(caption.area, with: caption.colour)
            canvas.write(
                caption.text, left: caption.area.left + padding, top: caption.area.top + padding,
                scale: scale.text, caption.colour.ofText)
        }
    }
}
