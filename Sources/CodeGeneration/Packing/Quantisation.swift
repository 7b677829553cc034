import Checkpoints
import Graphs
import Kernels
import Planning

/// The scales and offsets of a network's integers: for each tensor and channel c a value x is s(c) · q + o(c).
///
/// Products take the scales into their matrices, W(n, c) · s(c), whose rows have a step each, so that
/// channels with large values may keep to more of them there or here: s(c) = t · a(c)^α / w(c)^(1−α), a(c) being
/// the largest |x − o| and w(c) the largest |W| of the channel (SmoothQuant, arXiv 2211.10438, equation 4). t
/// is what the largest need, and α the one with the least error that rounding is expected to cause.
struct Quantisation: Sendable {
    struct Channels: Sendable {
        let scales, offsets: [Float]
        /// The mean of q.
        let means: [Float]
    }

    private let tensors: [String: Channels]

    subscript(name: String) -> Channels {
        guard let channels = tensors[name] else {
            preconditionFailure(
                "a calibration is checked to have all tensors; \(name) is not there")
        }
        return channels
    }

    /// - Precondition: the calibration has what the plan's network needs, as `Calibration.check` says.
    init(_ calibration: Calibration, _ weights: Weights, _ plan: Plan) {
        let known = Dictionary(
            calibration.tensors.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let linears = Dictionary(
            grouping: plan.weights.flatMap { $0.packing.linears }.filter { $0.inputScales != nil },
            by: { $0.inputScales ?? "" })
        // One file of weights serves all resolutions, so what meets zeros at one of them counts.
        let meetZeros = Set(
            plan.resolutions.flatMap { plan.network(at: $0).quantised(plan.target) }
                .filter(\.meetsZeros).map(\.name))
        var tensors: [String: Channels] = [:]
        for tensor in plan.network.quantised(plan.target) {
            guard let recorded = known[tensor.name] else { continue }
            let rows = (linears[tensor.name] ?? []).flatMap { Self.rows(of: $0, weights) }
            tensors[tensor.name] = Self.channels(
                recorded, rows, meetZeros.contains(tensor.name))
        }
        self.tensors = tensors
    }

    /// The rows of a matrix in the order of its inputs.
    private static func rows(of linear: Linear, _ weights: Weights) -> [[Float]] {
        let matrix = weights["\(linear.parameter).weight"]
        return (0..<linear.outputs).map { row in
            (0..<linear.inputs).map { matrix[linear.position(ofRow: row, input: $0)] }
        }
    }

    private static func channels(
        _ recorded: Calibration.Channels, _ rows: [[Float]], _ meetsZeros: Bool
    ) -> Channels {
        let statistics = ChannelStatistics(recorded, rows, meetsZeros)
        let candidates = (0...4).map { statistics.scales(alpha: Float($0) / 4) }
        let errors = candidates.map { statistics.error(of: $0, rows) }
        let best = errors.indices.min { errors[$0] < errors[$1] } ?? 0
        let scales = candidates[best], offsets = statistics.offsets
        return Channels(
            scales: scales, offsets: offsets,
            means: recorded.mean.indices.map { (recorded.mean[$0] - offsets[$0]) / scales[$0] })
    }
}

/// What the choice of scales follows from.
private struct ChannelStatistics {
    let offsets: [Float]
    /// The largest |x − o|, the mean of its square, and the largest |W|.
    private let ranges, squares, weights: [Float]

    init(_ recorded: Calibration.Channels, _ rows: [[Float]], _ meetsZeros: Bool) {
        let channels = recorded.mean.indices
        let offsets = channels.map {
            meetsZeros ? 0 : (recorded.least[$0] + recorded.greatest[$0]) / 2
        }
        let ranges = channels.map {
            max(recorded.greatest[$0] - offsets[$0], offsets[$0] - recorded.least[$0])
        }
        self.offsets = offsets
        self.ranges = Self.withoutZeros(ranges)
        squares = channels.map {
            max(
                0,
                recorded.meanSquare[$0] - 2 * offsets[$0] * recorded.mean[$0]
                    + offsets[$0] * offsets[$0])
        }
        weights = Self.withoutZeros(
            channels.map { channel in rows.reduce(0) { max($0, abs($1[channel])) } })
    }

    /// A channel that is constant, or that nobody reads, is one with little in it.
    private static func withoutZeros(_ values: [Float]) -> [Float] {
        let largest = values.max() ?? 0
        return values.map { max($0, largest > 0 ? largest * 1e-3 : 1) }
    }

    func scales(alpha: Float) -> [Float] {
        let shares = zip(ranges, weights).map {
            power($0, alpha) / power($1, 1 - alpha)
        }
        let largest = zip(ranges, shares).reduce(0) { max($0, $1.0 / $1.1) }
        return shares.map { $0 * largest / 127 }
    }

    /// The square of it that is to be expected of a token's sums, as if all roundings were independent: a
    /// rounding to steps of d has the variance d²/12.
    func error(of scales: [Float], _ rows: [[Float]]) -> Double {
        let integers = zip(squares, scales).reduce(0.0) { $0 + Double($1.0 / ($1.1 * $1.1)) }
        return rows.reduce(0.0) { error, row in
            var ofInputs = 0.0 as Float, largest = 0.0 as Float
            for channel in row.indices {
                let weight = abs(row[channel] * scales[channel])
                ofInputs += weight * weight
                largest = max(largest, weight)
            }
            return error + Double(ofInputs) + integers * Double(largest / 127 * largest / 127)
        }
    }
}

private func power(_ base: Float, _ exponent: Float) -> Float {
    switch exponent {
    case 0: 1
    case 0.25: base.squareRoot().squareRoot()
    case 0.5: base.squareRoot()
    case 0.75: base.squareRoot() * base.squareRoot().squareRoot()
    default: base
    }
}

extension Packing {
    /// Those whose columns are here.
    fileprivate var linears: [Linear] {
        switch self {
        case .panels(let linears): linears
        case .winograd(let linear, _): [linear]
        case .rows: []
        }
    }
}
