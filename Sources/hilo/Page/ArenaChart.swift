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

    init(_ pass: PassOfPlan) {
        let (steps, arenaBytes) = (pass.pass.steps, pass.pass.arenaBytes)
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
            step: frame.width / Double(max(steps.count, 1)),
            byte: frame.height / Double(max(arenaBytes, 1)))
        let maps = pass.variant.buffers(of: pass.pass).map { ($0, scale.box($0)) }
        rectangles = maps.map { Self.rectangle($0, $1, pass) }
        labels = maps.compactMap { Self.label($0, $1, steps) }
        parts = Self.parts(pass, scale)
        let interval = Self.roundInterval(Double(steps.count) / 10)
        xTicks = stride(from: 0, to: steps.count, by: max(1, Int(interval))).map {
            Tick(at: pixel(frame.x + (Double($0) + 0.5) * scale.step), text: "\($0)")
        }
        let bytes = Double(arenaBytes)
        let unitBytes = bytes < 4 * 1024 * 1024 ? 1024.0 : 1024 * 1024
        unit = unitBytes == 1024 ? "KiB" : "MiB"
        let most = bytes / unitBytes
        yTicks = stride(from: 0, through: most, by: Self.roundInterval(most / 6)).map {
            Tick(
                at: pixel(frame.y + frame.height - $0 * unitBytes * scale.byte),
                text: significant($0).shortened)
        }
    }

    private struct Scale {
        let step, byte: Double

        func box(_ buffer: ArenaBuffer) -> Box {
            Box(
                x: frame.x + Double(buffer.steps.lowerBound) * step,
                y: frame.y + frame.height - Double(buffer.offset + buffer.size) * byte,
                width: Double(buffer.steps.count) * step, height: Double(buffer.size) * byte)
        }
    }

    private static func rectangle(
        _ buffer: ArenaBuffer, _ box: Box, _ pass: PassOfPlan
    ) -> Rectangle {
        let first = pass.pass.steps[buffer.steps.lowerBound]
        return Rectangle(
            x: pixel(box.x), y: pixel(box.y), width: pixel(box.width), height: pixel(box.height),
            family: pass.kernel(of: first).role.rawValue,
            tooltip: "\(first.label): \(byteCount(buffer.size)) at \(buffer.offset), "
                + "steps \(buffer.steps.lowerBound) to \(buffer.steps.upperBound)")
    }

    /// What wrote a map and its size, or the size alone, where the rectangle has room for it.
    private static func label(_ buffer: ArenaBuffer, _ box: Box, _ steps: [Step]) -> Label? {
        let name = steps[buffer.steps.lowerBound].label.split(separator: " ").first ?? ""
        let size = byteCount(buffer.size)
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
    private static func parts(_ pass: PassOfPlan, _ scale: Scale) -> [Part] {
        let names = pass.pass.steps.map(pass.part)
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
