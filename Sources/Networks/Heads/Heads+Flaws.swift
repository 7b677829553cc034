import Graphs
import Reference

extension HeadNetwork {
    public func flaw(
        in values: [Float], ofOutput index: Int, beside found: [[Float]]
    ) -> String? {
        switch outputs[index].kind {
        case .proposals:
            return flaw(
                inRows: values, width: AnchorRule.proposalWidth, box: 0, score: 4, label: nil)
        case .detections:
            return flaw(
                inRows: values, width: AnchorRule.detectionWidth, box: AnchorRule.detectionBox,
                score: 4, label: 5)
        case .labels: return flaw(inLabels: values, logits: found[0].map(Double.init))
        case .classes, .featureMap, .values, .logits, .deltas, .proposalLogits, .proposalDeltas,
            .maskLogits:
            return nil
        }
    }

    /// Rows with a box in the input and a score, the best first, and behind them empty rows.
    private func flaw(
        inRows values: [Float], width: Int, box: Int, score: Int, label: Int?
    ) -> String? {
        var last = Float.infinity
        var isOver = false
        for (number, start) in stride(from: 0, to: values.count, by: width).enumerated() {
            let row = Array(values[start..<start + width])
            guard row.allSatisfy(\.isFinite) else { return "row \(number) is not finite" }
            if row[label ?? score] == -1 {
                isOver = true
                guard row.allSatisfy({ $0 == 0 || $0 == -1 }) else {
                    return "row \(number) is unused and not empty"
                }
                continue
            }
            if isOver { return "row \(number) follows an unused one" }
            guard row[score] <= last, (0...1).contains(row[score]) else {
                return "row \(number) has the score \(row[score]) behind \(last)"
            }
            last = row[score]
            guard isInside(row[box..<box + 4]) else { return "row \(number): its box is outside" }
            guard label.map({ isLabel(row[$0]) }) ?? true else {
                return "row \(number) has the class \(row[label ?? 0])"
            }
        }
        return nil
    }

    private func isInside(_ box: ArraySlice<Float>) -> Bool {
        let (x0, y0) = (box[box.startIndex], box[box.startIndex + 1])
        let (x1, y1) = (box[box.startIndex + 2], box[box.startIndex + 3])
        return 0 <= x0 && x0 <= x1 && x1 <= Float(resolution.width)
            && 0 <= y0 && y0 <= y1 && y1 <= Float(resolution.height)
    }

    private func isLabel(_ value: Float) -> Bool {
        value >= 0 && value < Float(classes) && value == value.rounded()
    }

    /// The logit of each pixel's class must be the largest one, up to rounding.
    private func flaw(inLabels values: [Float], logits: [Double]) -> String? {
        let map = backbone.map(ofStage: 0)
        let logits = TokenMap(
            height: map.height, width: map.width, channels: classes, values: logits)
        let tolerance = 1e-4 * (logits.values.map(abs).max() ?? 0)
        // Row by row: the logits of a whole picture in double precision take gigabytes.
        for row in 0..<resolution.height {
            let resized = Operators.resized(
                logits, height: resolution.height, width: resolution.width, rows: row..<row + 1)
            let first = row * resolution.width
            for (column, value) in values[first..<first + resolution.width].enumerated() {
                let all = resized.values[column * classes..<(column + 1) * classes]
                if let reason = flaw(inLabel: value, all, tolerance) {
                    return "pixel \(first + column) has the class \(reason)"
                }
            }
        }
        return nil
    }

    /// - Parameter logits: of a pixel.
    private func flaw(
        inLabel value: Float, _ logits: ArraySlice<Double>, _ tolerance: Double
    ) -> String? {
        guard isLabel(value) else { return "\(value)" }
        let (own, best) = (logits[logits.startIndex + Int(value)], logits.max() ?? 0)
        guard own >= best - tolerance else {
            return "\(Int(value)), of which the logit is \(own); the largest is \(best)"
        }
        return nil
    }
}
