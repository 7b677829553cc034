import Checkpoints
import Graphs
import Kernels
import Planning

/// Lays out a checkpoint's weights as the kernels of a plan read them.
public struct WeightPacker: Sendable {
    private let weights: Weights
    /// nil where nothing is an integer.
    private let quantisation: Quantisation?

    /// - Parameter calibration: for the plan's precision; of a plan with integers it has all their tensors.
    public init(_ weights: Weights, _ plan: Plan, calibration: Calibration? = nil) {
        self.weights = weights
        quantisation =
            plan.target.precision == .int8
            ? calibration.map { Quantisation($0, weights, plan) } : nil
    }

    /// The values of one block of the packed file.
    ///
    /// - Precondition: the weights hold every parameter of the plan's network at its shape, as
    ///   `Checkpoint.weights(matching:)` checks.
    public func values(of tensor: PackedTensor) -> [Float] {
        var packed = [Float](repeating: 0, count: tensor.count)
        switch tensor.packing {
        case .panels(let linears):
            let layout = PanelLayout(linears)
            var column = 0
            for linear in linears {
                pack(linear, from: column, layout, into: &packed)
                column += linear.outputs
            }
        case .winograd(let linear, let form): pack(linear, form, into: &packed)
        case .rows(let rows, let width):
            let pitch = Packing.pitch(ofWidth: width)
            for (index, row) in rows.enumerated() {
                pack(row, from: index * pitch, into: &packed)
            }
        }
        return packed
    }

    private func pack(_ row: PackedRow, from start: Int, into packed: inout [Float]) {
        let values = row.parameter.map { weights[$0] }
        let scaling = row.scaling.flatMap { scaling in
            quantisation.map { FoldedRow(scaling, $0, hasValues: values != nil) }
        }
        for i in 0..<row.count {
            let channel = row.parameter == nil ? row.start + i : i
            packed[start + i] = row.word(
                of: (0..<row.valuesInWord).map { index in
                    let value = values?[row.start + i * row.stride + index]
                    return scaling?.value(value ?? 0, at: channel) ?? value ?? 0
                })
        }
    }

    private func pack(
        _ linear: Linear, from column: Int, _ layout: PanelLayout, into packed: inout [Float]
    ) {
        let matrix = weights["\(linear.parameter).weight"]
        let scaling = Scaling(linear, weights, quantisation)
        let inputs = linear.inputScales.flatMap { name in quantisation.map { $0[name] } }
        for row in 0..<linear.outputs {
            let scale = scaling.factor(row)
            let values = (0..<linear.inputs).map { input in
                Double(matrix[linear.position(ofRow: row, input: input)]) * scale
            }
            let scaled = inputs.map { inputs in
                values.indices.map { Float(values[$0] * Double(inputs.scales[$0])) }
            }
            layout.put(column: column + row, into: &packed) { scaled?[$0] ?? Float(values[$0]) }
            packed[layout.bias + column + row] = scaling.bias(row)
            if let inputs, let scaled {
                packed[layout.bias + column + row] += inputs.bias(
                    of: values, scaled, as: layout.values(ofColumn: column + row, in: packed))
            }
        }
    }

    /// Scaled, then transformed, all in double precision.
    private func pack(_ linear: Linear, _ form: WinogradForm, into packed: inout [Float]) {
        let matrix = weights["\(linear.parameter).weight"]
        let (scaling, layout) = (Scaling(linear, weights, nil), PanelLayout(linear, form))
        let (transform, channels) = (WinogradTransform(form), linear.inputs / 9)
        for row in 0..<linear.outputs {
            let scale = scaling.factor(row)
            let ofChannels = (0..<channels).map { channel in
                transform.values(
                    of: (0..<9).map { tap in
                        let input = tap * channels + channel
                        return scale * Double(matrix[linear.position(ofRow: row, input: input)])
                    })
            }
            layout.put(column: row, into: &packed) { input in
                Float(ofChannels[input % channels][input / channels])
            }
            packed[layout.bias + row] = scaling.bias(row)
        }
    }
}

/// What is folded into the rows of a matrix, and the bias with it.
private struct Scaling {
    private let linear: Linear
    private let values: [Float]?
    private let fold: BatchNormFold?
    /// Of v, which an attention makes integers of.
    private let outputs: Quantisation.Channels?

    init(_ linear: Linear, _ weights: Weights, _ quantisation: Quantisation?) {
        self.linear = linear
        outputs = linear.outputScales.flatMap { scales in quantisation.map { $0[scales.name] } }
        values = linear.hasBias ? weights["\(linear.parameter).bias"] : nil
        fold = linear.batchNorm.map { BatchNormFold(weights, $0) }
    }

    func factor(_ row: Int) -> Double {
        linear.factor(ofRow: row) * (fold?.scale(row) ?? 1) / scale(row)
    }

    func bias(_ row: Int) -> Float {
        Float(
            Double(values?[linear.biasPosition(ofRow: row)] ?? 0) * factor(row)
                + ((fold?.shift(row) ?? 0) - offset(row)) / scale(row))
    }

    private func scale(_ row: Int) -> Double { channel(row).map { Double($0.scales[$1]) } ?? 1 }
    private func offset(_ row: Int) -> Double { channel(row).map { Double($0.offsets[$1]) } ?? 0 }

    /// What an output is divided by.
    private func channel(_ row: Int) -> (Quantisation.Channels, Int)? {
        guard let outputs, let first = linear.outputScales?.firstRow, row >= first else {
            return nil
        }
        return (outputs, row - first)
    }
}

extension Quantisation.Channels {
    /// What a product's bias gets: the offsets, which the integers leave out, and the mean of the error that
    /// rounding the matrix makes (Nagel et al., arXiv 1906.04721, section 4.2).
    ///
    /// - Parameters:
    ///   - row: of the matrix.
    ///   - scaled: the same by the scales.
    ///   - rounded: that as integers.
    fileprivate func bias(of row: [Double], _ scaled: [Float], as rounded: [Float]) -> Float {
        var bias = 0.0
        for input in row.indices {
            bias += row[input] * Double(offsets[input])
            bias += Double(scaled[input] - rounded[input]) * Double(means[input])
        }
        return Float(bias)
    }
}

/// A row of values as scales and offsets make it.
private struct FoldedRow {
    private let scaling: RowScaling
    private let channels: Quantisation.Channels
    private let hasValues: Bool

    init(_ scaling: RowScaling, _ quantisation: Quantisation, hasValues: Bool) {
        self.scaling = scaling
        self.hasValues = hasValues
        switch scaling {
        case .divided(let name), .moved(let name), .scales(let name), .offsets(let name):
            channels = quantisation[name]
        }
    }

    func value(_ value: Float, at channel: Int) -> Float {
        let (scale, offset) = (channels.scales[channel], channels.offsets[channel])
        switch scaling {
        case .divided: return (hasValues ? value : 1) / scale
        case .moved: return (value - offset) / scale
        case .scales: return scale
        case .offsets: return offset
        }
    }
}

/// A BatchNorm at inference as y = scale · x + shift (eps 1e-5).
private struct BatchNormFold {
    private let weight, bias, mean, variance: [Float]

    init(_ weights: Weights, _ parameter: String) {
        weight = weights["\(parameter).weight"]
        bias = weights["\(parameter).bias"]
        mean = weights["\(parameter).running_mean"]
        variance = weights["\(parameter).running_var"]
    }

    func scale(_ channel: Int) -> Double {
        Double(weight[channel]) / (Double(variance[channel]) + 1e-5).squareRoot()
    }

    func shift(_ channel: Int) -> Double {
        Double(bias[channel]) - Double(mean[channel]) * scale(channel)
    }
}
