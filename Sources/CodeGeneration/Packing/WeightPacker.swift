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
        let bias = linear.hasBias ? weights["\(linear.parameter).bias"] : nil
        let fold = linear.batchNorm.map { BatchNormFold(weights, $0) }
        for row in 0..<linear.outputs {
            let scale = linear.factor(ofRow: row) * (fold?.scale(row) ?? 1)
            let start = layout.start(ofColumn: column + row)
            for input in 0..<linear.inputs {
                let value = matrix[linear.position(ofRow: row, input: input)]
                packed[start + input * Packing.panelColumns] = Float(Double(value) * scale)
            }
            packed[layout.bias + column + row] =
                Float(
                    Double(bias?[linear.biasPosition(ofRow: row)] ?? 0) * scale
                        + (fold?.shift(row) ?? 0))
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
