import Checkpoints
import Graphs
import Kernels
import Planning

/// Recovers a checkpoint from packed weights, so that a library can be verified without the file it
/// was made from.
///
/// What packing folded stays folded: q carries the factor of q·kᵀ (divided out again) and a
/// convolution its BatchNorm, which comes back as the identity. Scales and offsets of integers are taken out;
/// what rounding did to matrices, and to biases for it, stays.
public struct WeightUnpacker: Sendable {
    private let plan: Plan

    public init(_ plan: Plan) { self.plan = plan }

    /// - Parameter packed: the data of the packed file, `plan.weightFloats` values.
    public func weights(from packed: [Float]) -> Weights {
        let shapes = Dictionary(
            plan.network.parameters.map { ($0.name, $0.count) }, uniquingKeysWith: { $1 })
        var values: [String: [Float]] = [:]
        let folded = FoldedChannels(plan, packed)
        for tensor in plan.weights {
            let block = packed[tensor.offset..<tensor.offset + tensor.count]
            switch tensor.packing {
            case .panels(let linears):
                unpack(linears, Array(block), shapes, folded, into: &values)
            case .winograd(let linear, let form):
                unpack(linear, form, Array(block), shapes, into: &values)
            case .rows(let rows, let width):
                let pitch = Packing.pitch(ofWidth: width)
                for (index, row) in rows.enumerated() {
                    let start = block.startIndex + index * pitch
                    unpack(row, block[start..<start + row.count], shapes, folded, into: &values)
                }
            }
        }
        return Weights(values)
    }

    /// What integers can hold, channel by channel: values beyond are cut off. After the parameters of the norm that
    /// makes a tensor, or else of the product that reads it, in the order of its matrix in the checkpoint.
    ///
    /// - Parameter packed: as `weights(from:)` takes it.
    public func limits(from packed: [Float]) -> [String: [ClosedRange<Double>]] {
        let folded = FoldedChannels(plan, packed)
        let linears = plan.network.graph.folded.nodes.compactMap(\.operation.linear)
        var limits: [String: [ClosedRange<Double>]] = [:]
        for tensor in plan.network.quantised(plan.target) {
            let ranges = (0..<tensor.channels).map { folded.range(of: tensor.name, channel: $0) }
            if let norm = tensor.norm {
                limits[norm] = ranges
                continue
            }
            guard let linear = linears.first(where: { $0.parameter == tensor.name }) else {
                preconditionFailure("\(tensor.name) is a product of the network")
            }
            var ordered = ranges
            for (input, range) in ranges.enumerated() {
                ordered[linear.position(ofRow: 0, input: input) % linear.inputs] = range
            }
            limits[tensor.name] = ordered
        }
        return limits
    }

    private func unpack(
        _ row: PackedRow, _ block: ArraySlice<Float>, _ counts: [String: Int],
        _ folded: FoldedChannels, into values: inout [String: [Float]]
    ) {
        guard let parameter = row.parameter else { return }
        var recovered = tensor(parameter, counts, in: values)
        for (i, word) in block.enumerated() {
            for (index, value) in row.values(of: word).enumerated() {
                recovered[row.start + i * row.stride + index] = folded.value(value, of: row, at: i)
            }
        }
        values[parameter] = recovered
    }

    private func unpack(
        _ linears: [Linear], _ block: [Float], _ counts: [String: Int],
        _ folded: FoldedChannels, into values: inout [String: [Float]]
    ) {
        let layout = PanelLayout(linears)
        var first = 0
        for linear in linears {
            // Several linear operators may have rows of one matrix.
            var matrix = tensor("\(linear.parameter).weight", counts, in: values)
            var biases: [Float] = []
            for row in 0..<linear.outputs {
                let scale = linear.factor(ofRow: row)
                let column = first + row
                let product = folded.product(
                    layout.values(ofColumn: column, in: block), block[layout.bias + column],
                    of: linear, row: row)
                for (input, value) in product.row.enumerated() {
                    matrix[linear.position(ofRow: row, input: input)] =
                        Float(Double(value) / scale)
                }
                biases.append(product.bias)
            }
            values["\(linear.parameter).weight"] = matrix
            unpackBias(of: linear, biases, counts, into: &values)
            first += linear.outputs
        }
    }

    /// A convolution that is transformed back: nearly what it was, since its values at the points are rounded.
    private func unpack(
        _ linear: Linear, _ form: WinogradForm, _ block: [Float], _ counts: [String: Int],
        into values: inout [String: [Float]]
    ) {
        let (layout, transform) = (PanelLayout(linear, form), WinogradTransform(form))
        let channels = linear.inputs / 9
        var matrix = tensor("\(linear.parameter).weight", counts, in: values)
        for row in 0..<linear.outputs {
            let scale = linear.factor(ofRow: row)
            let values = layout.values(ofColumn: row, in: block)
            for channel in 0..<channels {
                let packed = (0..<form.points).map { Double(values[$0 * channels + channel]) }
                for (tap, value) in transform.taps(of: packed).enumerated() {
                    matrix[linear.position(ofRow: row, input: tap * channels + channel)] =
                        Float(value / scale)
                }
            }
        }
        values["\(linear.parameter).weight"] = matrix
        unpackBias(
            of: linear, Array(block[layout.bias..<layout.bias + linear.outputs]), counts,
            into: &values)
    }

    /// What is added to the outputs: the operator's bias, in which a BatchNorm's shift is folded, or that
    /// shift alone where there is no other bias.
    private func unpackBias(
        of linear: Linear, _ packed: [Float], _ counts: [String: Int],
        into values: inout [String: [Float]]
    ) {
        var bias = tensor("\(linear.parameter).bias", counts, in: values)
        if !bias.isEmpty {
            for (row, value) in packed.enumerated() {
                bias[linear.biasPosition(ofRow: row)] =
                    Float(Double(value) / linear.factor(ofRow: row))
            }
            values["\(linear.parameter).bias"] = bias
        }
        guard let norm = linear.batchNorm else { return }
        identity(norm, linear.outputs, into: &values)
        if !linear.hasBias { values["\(norm).bias"] = packed }
    }

    /// What has been recovered of a tensor; empty when the network has none of this name.
    private func tensor(
        _ name: String, _ counts: [String: Int], in values: [String: [Float]]
    ) -> [Float] {
        values[name] ?? [Float](repeating: 0, count: counts[name] ?? 0)
    }

    private func identity(
        _ parameter: String, _ channels: Int, into values: inout [String: [Float]]
    ) {
        values["\(parameter).weight"] = [Float](repeating: 1, count: channels)
        values["\(parameter).bias"] = [Float](repeating: 0, count: channels)
        values["\(parameter).running_mean"] = [Float](repeating: 0, count: channels)
        // The variance that, with eps, makes the factor 1.
        values["\(parameter).running_var"] = [Float](repeating: 1 - 1e-5, count: channels)
    }
}
