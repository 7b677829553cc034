import Foundation
import HiLoKit

/// Every kernel by arithmetic intensity and measured rate, under the roofs of the machine.
struct RooflineChart {
    struct Tick { let at, text: String }

    struct Roof {
        /// A class of the style sheet.
        let style: String
        let x1, y1, x2, y2, name: String
        let textX, textY, angle: String
    }

    struct Point {
        let x, y, radius, family, tooltip: String
    }

    struct Label {
        let x, y, text: String
        /// From the disc to the text.
        let fromX, fromY, toX, toY: String
    }

    let width = "1054", height = "570"
    let left, right, top, bottom: String
    let axisX, axisY, middleX, middleY: String
    let xTicks, yTicks: [Tick]
    let roofs: [Roof]
    let points: [Point]
    let labels: [Label]

    private static let frame = Box(x: 62, y: 10, width: 984, height: 504)
    private static let biggest = 8

    init(_ measurements: Measurements) {
        let frame = Self.frame
        let kernels = measurements.kernels
        let peak = measurements.profile.peakGigaflops
        let x = LogAxis(
            kernels.map(\.intensity), first: frame.x, last: frame.x + frame.width)
        let y = LogAxis(
            kernels.map(\.gigaflops) + [peak], margin: 1.9, first: frame.y + frame.height,
            last: frame.y)
        left = pixel(frame.x)
        right = pixel(frame.x + frame.width)
        top = pixel(frame.y)
        bottom = pixel(frame.y + frame.height)
        axisX = pixel(frame.y + frame.height + 20)
        axisY = pixel(frame.x - 8)
        middleX = pixel(frame.x + frame.width / 2)
        middleY = pixel(frame.y + frame.height / 2)
        xTicks = x.ticks.map { Tick(at: pixel(x.position($0)), text: significant($0).shortened) }
        yTicks = y.ticks.map { Tick(at: pixel(y.position($0)), text: significant($0).shortened) }
        roofs = Self.roofs(measurements.machine, peak: peak, x, y)
        let discs = kernels.map { kernel in
            LabelPlacement.Disc(
                x: x.position(kernel.intensity), y: y.position(kernel.gigaflops),
                radius: 4 + 28 * measurements.share(kernel.milliseconds).squareRoot())
        }
        points = zip(kernels, discs).map { Self.point($0, $1, of: measurements) }
        labels = Self.labels(kernels, discs, ceiling: y.position(peak))
    }

    private static func point(
        _ kernel: MeasuredKernel, _ disc: LabelPlacement.Disc, of measurements: Measurements
    ) -> Point {
        let rate =
            kernel.intensity > 0
            ? "\(significant(kernel.gigaflops)) GFLOP/s, \(significant(kernel.intensity)) FLOP/byte"
            : "only copies, so it has no intensity"
        return Point(
            x: pixel(disc.x), y: pixel(disc.y), radius: pixel(disc.radius),
            family: kernel.role.rawValue,
            tooltip: "\(kernel.title): \(decimal(kernel.milliseconds, 3)) ms, "
                + "\(decimal(100 * measurements.share(kernel.milliseconds), 1)) %; \(rate)")
    }

    /// Names the biggest kernels, and the biggest of each family.
    private static func labels(
        _ kernels: [MeasuredKernel], _ discs: [LabelPlacement.Disc], ceiling: Double
    ) -> [Label] {
        let firsts = KernelRole.allCases.compactMap { role in
            kernels.firstIndex { $0.role == role }
        }
        let named = Set(kernels.indices.prefix(biggest)).union(firsts).sorted()
        let line = Box(x: frame.x, y: ceiling - 1, width: frame.width, height: 2)
        var placement = LabelPlacement(
            frame: frame, obstacles: discs.map(\.box) + [line])
        return named.compactMap { index in
            placement.place(kernels[index].title, beside: discs[index]).map {
                label(kernels[index].title, $0, beside: discs[index])
            }
        }
    }

    private static func label(
        _ text: String, _ box: Box, beside disc: LabelPlacement.Disc
    ) -> Label {
        let toX = min(max(disc.x, box.x), box.x + box.width)
        let toY = min(max(disc.y, box.y), box.y + box.height)
        let distance = hypot(toX - disc.x, toY - disc.y)
        let edge = distance > 0 ? disc.radius / distance : 0
        return Label(
            x: pixel(box.x), y: pixel(box.y + 12), text: text,
            fromX: pixel(disc.x + (toX - disc.x) * edge),
            fromY: pixel(disc.y + (toY - disc.y) * edge), toX: pixel(toX), toY: pixel(toY))
    }

    // MARK: Roofs

    private static func roofs(
        _ machine: MachineModel, peak: Double, _ x: LogAxis, _ y: LogAxis
    ) -> [Roof] {
        let cores = Double(machine.cores)
        // Names begin at different pixels of their roofs, which can lie close together.
        let slopes: [(String, Double, Double)] = [
            ("L2", machine.l2.bandwidth, 16), ("L3", machine.l3.bandwidth, 170),
            ("memory", machine.memoryBandwidth, 16),
        ]
        let ceiling = Roof(
            style: "ceiling", x1: pixel(x.position(x.range.lowerBound)),
            y1: pixel(y.position(peak)),
            x2: pixel(x.position(x.range.upperBound)), y2: pixel(y.position(peak)),
            name: "multiply-adds, measured: \(significant(peak)) GFLOP/s",
            textX: pixel(x.position(x.range.lowerBound) + 8), textY: pixel(y.position(peak) - 8),
            angle: "0")
        return [ceiling]
            + slopes.compactMap { slope($0, cores * $1 / 1e9, text: $2, peak: peak, x, y) }
    }

    /// A roof of `bandwidth` GB/s from the edge of the chart to the ceiling.
    private static func slope(
        _ name: String, _ bandwidth: Double, text distance: Double, peak: Double, _ x: LogAxis,
        _ y: LogAxis
    ) -> Roof? {
        let start = max(x.range.lowerBound, y.range.lowerBound / bandwidth)
        let end = min(x.range.upperBound, peak / bandwidth)
        guard start < end else { return nil }
        let from = (x: x.position(start), y: y.position(start * bandwidth))
        let to = (x: x.position(end), y: y.position(end * bandwidth))
        let angle = atan2(to.y - from.y, to.x - from.x)
        return Roof(
            style: "roof", x1: pixel(from.x), y1: pixel(from.y), x2: pixel(to.x), y2: pixel(to.y),
            name: "\(name), model: \(significant(bandwidth)) GB/s",
            textX: pixel(from.x + distance * cos(angle) + 6 * sin(angle)),
            textY: pixel(from.y + distance * sin(angle) - 6 * cos(angle)),
            angle: pixel(180 * angle / .pi))
    }
}

extension String {
    /// Without zeros behind the point that say nothing: `0.5`, `20`.
    var shortened: String {
        guard contains(".") else { return self }
        let digits = reversed().drop { $0 == "0" }.drop { $0 == "." }
        return String(digits.reversed())
    }
}
