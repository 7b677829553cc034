import Checkpoints
import Graphs
import Kernels
import Planning

/// Lays out a checkpoint's weights as the kernels of a plan read them.
public struct WeightPacker: Sendable {
    private let weights: Weights

    public init(_ weights: Weights) { self.weights = weights }

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
                let values = weights[row.parameter]
                let start = index * pitch
                for i in 0..<row.count { packed[start + i] = values[row.start + i * row.stride] }
            }
        }
        return packed
    }

    private func pack(
        _ linear: Linear, from column: Int, _ layout: PanelLayout, into packed: inout [Float]
    ) {
        let matrix = weights["\(linear.parameter).weight"]
        let scaling = Scaling(linear, weights)
        for row in 0..<linear.outputs {
            let scale = scaling.factor(row)
            layout.put(column: column + row, into: &packed) { input in
                Float(Double(matrix[linear.position(ofRow: row, input: input)]) * scale)
            }
            packed[layout.bias + column + row] = scaling.bias(row)
        }
    }

    /// Scaled, then transformed, all in double precision.
    private func pack(_ linear: Linear, _ form: WinogradForm, into packed: inout [Float]) {
        let matrix = weights["\(linear.parameter).weight"]
        let (scaling, layout) = (Scaling(linear, weights), PanelLayout(linear, form))
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

    init(_ linear: Linear, _ weights: Weights) {
        self.linear = linear
        values = linear.hasBias ? weights["\(linear.parameter).bias"] : nil
        fold = linear.batchNorm.map { BatchNormFold(weights, $0) }
    }

    func factor(_ row: Int) -> Double { linear.factor(ofRow: row) * (fold?.scale(row) ?? 1) }

    func bias(_ row: Int) -> Float {
        Float(
            Double(values?[linear.biasPosition(ofRow: row)] ?? 0) * factor(row)
                + (fold?.shift(row) ?? 0))
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
