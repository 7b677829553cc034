import HiLoKit

/// Measured and predicted time of each part of the network, one pair of bars a part.
struct StageChart {
    struct Segment { let x, width, family, tooltip: String }

    struct Row {
        let name, textY, barY, predictedY, predictedWidth: String
        let segments: [Segment]
        let valueX, value: String
        let predicted: String
    }

    let width = "1054"
    let height, left: String
    let rows: [Row]

    private static let rowHeight = 44.0, left = 90.0, longest = 800.0

    init(_ measurements: Measurements) {
        let parts = Self.parts(measurements)
        let most = parts.map { max($0.milliseconds, $0.predicted) }.max() ?? 1
        let scale = Self.longest / max(most, .leastNonzeroMagnitude)
        left = pixel(Self.left)
        height = pixel(Self.rowHeight * Double(parts.count) + 4)
        rows = parts.enumerated().map { Self.row($1, at: $0, scale, measurements) }
    }

    private struct Part {
        let name: String
        var byRole: [KernelRole: Double] = [:]
        var predicted = 0.0
        var milliseconds: Double { byRole.values.reduce(0, +) }
    }

    /// In the order of computation.
    private static func parts(_ measurements: Measurements) -> [Part] {
        let steps = measurements.pass.pass.steps
        var predicted = [Double](repeating: 0, count: steps.count)
        for kernel in measurements.kernels {
            for step in kernel.row.steps { predicted[step] = 1000 * kernel.row.prediction.seconds }
        }
        var parts: [Part] = []
        for (index, step) in steps.enumerated() {
            let name = measurements.pass.part(of: step)
            if parts.last?.name != name { parts.append(Part(name: name)) }
            let role = measurements.pass.kernel(of: step).role
            let time = measurements.profile.stepMilliseconds[index]
            parts[parts.count - 1].byRole[role, default: 0] += time
            parts[parts.count - 1].predicted += predicted[index]
        }
        return parts
    }

    private static func row(
        _ part: Part, at index: Int, _ scale: Double, _ measurements: Measurements
    ) -> Row {
        let top = Double(index) * rowHeight
        var end = left
        let segments = KernelRole.allCases.compactMap { role -> Segment? in
            guard let time = part.byRole[role] else { return nil }
            defer { end += time * scale }
            return Segment(
                x: pixel(end), width: pixel(time * scale), family: role.rawValue,
                tooltip: "\(part.name), \(role.title): \(decimal(time, 3)) ms")
        }
        let predictedEnd = left + part.predicted * scale
        return Row(
            name: part.name, textY: pixel(top + 24), barY: pixel(top + 6),
            predictedY: pixel(top + 28), predictedWidth: pixel(part.predicted * scale),
            segments: segments, valueX: pixel(max(end, predictedEnd) + 10),
            value: "\(significant(part.milliseconds)) ms, "
                + "\(decimal(100 * measurements.share(part.milliseconds), 1)) %",
            predicted: "predicted \(significant(part.predicted)) ms")
    }
}

extension Step {
    /// The part of a LITv2 that a step belongs to, from what it computes; `PassOfPlan.part` is for any
    /// network.
    var part: String {
        let path = label.split(separator: ".").map(String.init)
        if path.count > 2, path[0] == "layers", let stage = Int(path[1]) {
            return path[2] == "downsample" ? "merging \(stage + 1)" : "stage \(stage + 1)"
        }
        switch path.first {
        case "patches", "patch_embed": return "patches"
        case "norm", "mean", "head": return "head"
        default: return "layer"
        }
    }
}
