import Checkpoints
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
        switch tensor.layout {
        case .panels(let sources, let panel, let batchNorm):
            pack(sources, panel: panel, batchNorm: batchNorm, into: &packed)
        case .norm(let parameter, let channels, let padded):
            copy("\(parameter).weight", channels, into: &packed, at: 0)
            copy("\(parameter).bias", channels, into: &packed, at: padded)
        case .depthwise(let parameter, let channels, let padded):
            packTaps(parameter, channels: channels, padded: padded, into: &packed)
        case .offsets(let parameter, let channels, let padded):
            packOffsets(parameter, channels: channels, padded: padded, into: &packed)
        }
        return packed
    }

    private func copy(_ name: String, _ count: Int, into packed: inout [Float], at start: Int) {
        packed.replaceSubrange(start..<start + count, with: weights[name])
    }

    private func pack(
        _ sources: [LinearSource], panel: Int, batchNorm: String?, into packed: inout [Float]
    ) {
        let k = sources[0].inputs
        let columns = sources.reduce(0) { $0 + $1.outputs }.rounded(upTo: panel)
        let fold = batchNorm.map { BatchNormFold(weights, $0) }
        var column = 0
        for source in sources {
            let matrix = weights["\(source.parameter).weight"]
            let bias = source.hasBias ? weights["\(source.parameter).bias"] : nil
            for row in 0..<source.outputs {
                let scale = (row < source.scaledRows ? source.scale : 1) * (fold?.scale(row) ?? 1)
                let start = column / panel * panel * k + column % panel
                for input in 0..<k {
                    let value = matrix[row * k + source.position(ofInput: input)]
                    packed[start + input * panel] = Float(Double(value) * scale)
                }
                let shifted = Double(bias?[row] ?? 0) * scale + (fold?.shift(row) ?? 0)
                packed[columns * k + column] = Float(shifted)
                column += 1
            }
        }
    }

    private func packTaps(
        _ parameter: String, channels: Int, padded: Int, into packed: inout [Float]
    ) {
        let taps = weights["\(parameter).weight"]
        for channel in 0..<channels {
            for tap in 0..<9 { packed[tap * padded + channel] = taps[channel * 9 + tap] }
        }
        copy("\(parameter).bias", channels, into: &packed, at: 9 * padded)
    }

    private func packOffsets(
        _ parameter: String, channels: Int, padded: Int, into packed: inout [Float]
    ) {
        let filters = weights["\(parameter).weight"]
        for filter in 0..<8 {
            for point in 0..<4 {
                for channel in 0..<channels {
                    packed[(filter * 4 + point) * padded + channel] =
                        filters[(filter * channels + channel) * 4 + point]
                }
            }
        }
        copy("\(parameter).bias", 8, into: &packed, at: 8 * 4 * padded)
    }
}

extension LinearSource {
    /// Where input `index` of the kernel stands in a row of the checkpoint's matrix.
    func position(ofInput index: Int) -> Int {
        switch order {
        case .channels: return index
        case .points(let points):
            let channels = inputs / points
            return index % channels * points + index / channels
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
