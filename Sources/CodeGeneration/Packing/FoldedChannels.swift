import Graphs
import Kernels
import Planning

/// Takes out of packed weights what the scales and offsets of integers have made of them.
struct FoldedChannels {
    private var scales: [String: [Float]] = [:]
    private var offsets: [String: [Float]] = [:]

    /// - Parameter packed: the data of the packed file, which holds scales and offsets.
    init(_ plan: Plan, _ packed: [Float]) {
        for tensor in plan.weights {
            guard case .rows(let rows, let width) = tensor.packing else { continue }
            for (index, row) in rows.enumerated() {
                let start = tensor.offset + index * Packing.pitch(ofWidth: width)
                let values = Array(packed[start..<start + row.count])
                switch row.scaling {
                case .scales(let name): scales[name] = values
                case .offsets(let name): offsets[name] = values
                // Rows of these are in the order of the channels, and divisors come first.
                case .divided(let name) where row.parameter == nil:
                    scales[name, default: []] += values.map { 1 / $0 }
                case .moved(let name) where row.parameter == nil:
                    offsets[name, default: []] += values.indices.map {
                        -values[$0] * scale(name, row.start + $0)
                    }
                case .divided, .moved, nil: break
                }
            }
        }
    }

    /// A value of a row as the checkpoint has it.
    func value(_ value: Float, of row: PackedRow, at channel: Int) -> Float {
        switch row.scaling {
        case .divided(let name): value * scale(name, channel)
        case .moved(let name): value * scale(name, channel) + offset(name, channel)
        case .scales, .offsets, nil: value
        }
    }

    /// A row of a matrix and its bias without scales and offsets of inputs and outputs.
    func product(
        _ values: [Float], _ bias: Float, of linear: Linear, row: Int
    ) -> (row: [Float], bias: Float) {
        var (values, bias) = (values, bias)
        if let name = linear.inputScales {
            for input in values.indices {
                values[input] /= scale(name, input)
                bias -= values[input] * offset(name, input)
            }
        }
        guard let outputs = linear.outputScales, row >= outputs.firstRow else {
            return (values, bias)
        }
        let channel = row - outputs.firstRow
        let scale = scale(outputs.name, channel)
        return (values.map { $0 * scale }, bias * scale + offset(outputs.name, channel))
    }

    /// From the least integer to the greatest; everything where a damaged file has no number for it.
    func range(of name: String, channel: Int) -> ClosedRange<Double> {
        precondition(
            scales[name] != nil, "\(name) is of integers, and the plan has no scales for it")
        let (scale, offset) = (Double(scale(name, channel)), Double(offset(name, channel)))
        let (least, greatest) = (offset - 128 * scale, offset + 127 * scale)
        return least <= greatest ? least...greatest : -.infinity ... .infinity
    }

    private func scale(_ name: String, _ channel: Int) -> Float { scales[name]?[channel] ?? 1 }
    private func offset(_ name: String, _ channel: Int) -> Float { offsets[name]?[channel] ?? 0 }
}
