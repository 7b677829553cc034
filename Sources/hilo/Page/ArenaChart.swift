import HiLoKit

/// The arena over a pass: steps to the right, bytes of one image upwards, a rectangle a token map.
struct ArenaChart {
    struct Tick { let at, text: String }

    struct Rectangle {
        let x, y, width, height, family, tooltip: String
    }

    struct Label { let x, y, angle, text: String }
    struct Part { let x, name, textX, textY: String }

    let width = "1054", height = "590"
    let left, right, top, bottom, axisX, axisY, middleX, middleY: String
    let unit: String
    let xTicks, yTicks: [Tick]
    let rectangles: [Rectangle]
    let labels: [Label]
    let parts: [Part]

    private static let frame = Box(x: 62, y: 40, width: 984, height: 494)

    init(_ plan: Plan) {
        let frame = Self.frame
        left = pixel(frame.x)
        right = pixel(frame.x + frame.width)
        top = pixel(frame.y)
        bottom = pixel(frame.y + frame.height)
        axisX = pixel(frame.y + frame.height + 18)
        axisY = pixel(frame.x - 8)
        middleX = pixel(frame.x + frame.width / 2)
        middleY = pixel(frame.y + frame.height / 2)
        let scale = Scale(
            step: frame.width / Double(max(plan.steps.count, 1)),
            float: frame.height / Double(max(plan.arenaFloats, 1)))
        let maps = plan.buffers.map { ($0, scale.box($0)) }
        rectangles = maps.map { Self.rectangle($0, $1, plan) }
        labels = maps.compactMap { Self.label($0, $1, plan) }
        parts = Self.parts(plan, scale)
        let interval = Self.roundInterval(Double(plan.steps.count) / 10)
        xTicks = stride(from: 0, to: plan.steps.count, by: max(1, Int(interval))).map {
            Tick(at: pixel(frame.x + (Double($0) + 0.5) * scale.step), text: "\($0)")
        }
        let bytes = Double(4 * plan.arenaFloats)
        let unitBytes = bytes < 4 * 1024 * 1024 ? 1024.0 : 1024 * 1024
        unit = unitBytes == 1024 ? "KiB" : "MiB"
        let most = bytes / unitBytes
        yTicks = stride(from: 0, through: most, by: Self.roundInterval(most / 6)).map {
            Tick(
                at: pixel(frame.y + frame.height - $0 * unitBytes / 4 * scale.float),
                text: significant($0).shortened)
        }
    }

    private struct Scale {
        let step, float: Double

        func box(_ buffer: ArenaBuffer) -> Box {
            Box(
                x: frame.x + Double(buffer.steps.lowerBound) * step,
                y: frame.y + frame.height - Double(buffer.offset + buffer.size) * float,
                width: Double(buffer.steps.count) * step, height: Double(buffer.size) * float)
        }
    }

    private static func rectangle(_ buffer: ArenaBuffer, _ box: Box, _ plan: Plan) -> Rectangle {
        let first = plan.steps[buffer.steps.lowerBound]
        return Rectangle(
            x: pixel(box.x), y: pixel(box.y), width: pixel(box.width), height: pixel(box.height),
            family: Family(plan.kernels[first.kernel]).rawValue,
            tooltip: "\(first.label): \(byteCount(4 * buffer.size)) at \(4 * buffer.offset), "
                + "steps \(buffer.steps.lowerBound) to \(buffer.steps.upperBound)")
    }

    /// What wrote a map and its size, or the size alone, where the rectangle has room for it.
    private static func label(_ buffer: ArenaBuffer, _ box: Box, _ plan: Plan) -> Label? {
        let name = plan.steps[buffer.steps.lowerBound].label.split(separator: " ").first ?? ""
        let size = byteCount(4 * buffer.size)
        let words = name.split(separator: ".").suffix(2).joined(separator: ".")
        return label("\(words), \(size)", in: box) ?? label(size, in: box)
    }

    /// A text along the rectangle, or upwards.
    private static func label(_ text: String, in box: Box) -> Label? {
        // The width of a text of 12 pixels, and the room it needs across.
        let (length, thickness) = (6.6 * Double(text.count) + 10, 13.0)
        if box.height >= thickness, box.width >= length {
            return Label(
                x: pixel(box.x + 5), y: pixel(box.y + box.height / 2 + 4), angle: "0", text: text)
        }
        guard box.width >= thickness, box.height >= length else { return nil }
        return Label(
            x: pixel(box.x + box.width / 2 + 4), y: pixel(box.y + box.height - 5), angle: "-90",
            text: text)
    }

    /// Where each part of the network begins; names in two lines, so that short parts fit.
    private static func parts(_ plan: Plan, _ scale: Scale) -> [Part] {
        let names = plan.steps.map(\.part)
        let begins = names.indices.filter { $0 == 0 || names[$0] != names[$0 - 1] }
        return begins.enumerated().map { index, step in
            let x = frame.x + Double(step) * scale.step
            return Part(
                x: pixel(x), name: names[step], textX: pixel(x + 3),
                textY: pixel(index.isMultiple(of: 2) ? 14 : 30))
        }
    }

    /// 1, 2 or 5 times a power of ten, at least `value`.
    private static func roundInterval(_ value: Double) -> Double {
        var power = 1.0
        while power * 10 <= value { power *= 10 }
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= value } ?? power
    }
}
