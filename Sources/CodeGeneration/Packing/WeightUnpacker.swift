import Checkpoints
import Planning

/// Recovers a checkpoint from packed weights, so that a library can be verified without the file it
/// was made from.
///
/// What packing folded stays folded: q carries the factor of q·kᵀ (divided out again) and a
/// convolution its BatchNorm, which comes back as the identity.
public struct WeightUnpacker: Sendable {
    private let plan: Plan

    public init(_ plan: Plan) { self.plan = plan }

    /// - Parameter packed: the data of the packed file, `plan.weightFloats` values.
    public func weights(from packed: [Float]) -> Weights {
        var values: [String: [Float]] = [:]
        for tensor in plan.weights {
            let block = packed[tensor.offset..<tensor.offset + tensor.count]
            unpack(tensor.layout, Array(block), into: &values)
        }
        return Weights(values)
    }

    private func unpack(
        _ layout: PackedTensor.Layout, _ block: [Float], into values: inout [String: [Float]]
    ) {
        switch layout {
        case .panels(let sources, let panel, let batchNorm):
            unpack(sources, panel: panel, block, into: &values)
            if let batchNorm {
                identity(batchNorm, channels: sources[0].outputs, into: &values)
            }
        case .norm(let parameter, let channels, let padded):
            values["\(parameter).weight"] = Array(block[..<channels])
            values["\(parameter).bias"] = Array(block[padded..<padded + channels])
        case .depthwise(let parameter, let channels, let padded):
            values["\(parameter).weight"] = (0..<channels * 9).map {
                block[$0 % 9 * padded + $0 / 9]
            }
            values["\(parameter).bias"] = Array(block[9 * padded..<9 * padded + channels])
        case .offsets(let parameter, let channels, let padded):
            values["\(parameter).weight"] = (0..<8 * channels * 4).map { index in
                let (filter, rest) = index.quotientAndRemainder(dividingBy: channels * 4)
                return block[(filter * 4 + rest % 4) * padded + rest / 4]
            }
            values["\(parameter).bias"] = Array(block[8 * 4 * padded..<8 * 4 * padded + 8])
        }
    }

    private func unpack(
        _ sources: [LinearSource], panel: Int, _ block: [Float],
        into values: inout [String: [Float]]
    ) {
        let k = sources[0].inputs
        let columns = sources.reduce(0) { $0 + $1.outputs }.rounded(upTo: panel)
        var column = 0
        for source in sources {
            var matrix = [Float](repeating: 0, count: source.outputs * k)
            var bias = [Float](repeating: 0, count: source.outputs)
            for row in 0..<source.outputs {
                let scale = row < source.scaledRows ? source.scale : 1
                let start = column / panel * panel * k + column % panel
                for input in 0..<k {
                    matrix[row * k + source.position(ofInput: input)] =
                        Float(Double(block[start + input * panel]) / scale)
                }
                bias[row] = Float(Double(block[columns * k + column]) / scale)
                column += 1
            }
            values["\(source.parameter).weight"] = matrix
            if source.hasBias { values["\(source.parameter).bias"] = bias }
        }
    }

    private func identity(
        _ parameter: String, channels: Int, into values: inout [String: [Float]]
    ) {
        values["\(parameter).weight"] = [Float](repeating: 1, count: channels)
        values["\(parameter).bias"] = [Float](repeating: 0, count: channels)
        values["\(parameter).running_mean"] = [Float](repeating: 0, count: channels)
        // The variance that, with eps, makes the factor 1.
        values["\(parameter).running_var"] = [Float](repeating: 1 - 1e-5, count: channels)
    }
}
