import Planning

/// Lays packed weights out for another plan of the same network, in which tilings differ.
///
/// Floats are moved and none is computed with, so what packing folded and rounded stays as it was to
/// the bit.
public struct WeightRepacker: Sendable {
    private let old: [String: PackedTensor]

    /// - Throws: `PlanError` when the plans differ in more than the width of their panels.
    public init(from old: Plan, to new: Plan) throws {
        self.old = Dictionary(old.weights.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for tensor in new.weights {
            guard let source = self.old[tensor.name], source.layout.holdsTheSame(as: tensor.layout)
            else {
                throw PlanError(
                    "'\(tensor.name)' is packed otherwise: the weights of one plan cannot be "
                        + "moved to the other; generate the library from its checkpoint")
            }
        }
    }

    /// Where the values of `tensor`, of the new plan, come from.
    public func source(of tensor: PackedTensor) -> PackedTensor {
        guard let source = old[tensor.name] else {
            preconditionFailure("\(tensor.name) is not of the plan that was checked")
        }
        return source
    }

    /// The block of `tensor`.
    ///
    /// - Parameter block: that of `source(of: tensor)`.
    public func values(of tensor: PackedTensor, from block: [Float]) -> [Float] {
        guard case .panels(let sources, let width, _) = tensor.layout,
            case .panels(_, let oldWidth, _) = source(of: tensor).layout, width != oldWidth
        else { return block }
        let columns = sources.reduce(0) { $0 + $1.outputs }
        let from = PanelLayout(columns: columns, k: sources[0].inputs, width: oldWidth)
        let to = PanelLayout(columns: columns, k: sources[0].inputs, width: width)
        var packed = [Float](repeating: 0, count: tensor.count)
        block.withUnsafeBufferPointer { source in
            packed.withUnsafeMutableBufferPointer { to.fill($0, from: source, laidOutAs: from) }
        }
        return packed
    }
}

/// Panels of `width` columns, each K rows of them; then the bias.
private struct PanelLayout {
    let columns, k, width: Int

    private var biasStart: Int { columns.rounded(upTo: width) * k }

    private func start(of column: Int) -> Int { column / width * width * k + column % width }

    func fill(
        _ packed: UnsafeMutableBufferPointer<Float>, from source: UnsafeBufferPointer<Float>,
        laidOutAs old: PanelLayout
    ) {
        for column in 0..<columns {
            let (to, from) = (start(of: column), old.start(of: column))
            for row in 0..<k { packed[to + row * width] = source[from + row * old.width] }
            packed[biasStart + column] = source[old.biasStart + column]
        }
    }
}

extension PackedTensor.Layout {
    /// Whether both hold the same values, perhaps in panels of another width.
    fileprivate func holdsTheSame(as other: Self) -> Bool {
        guard case .panels(let sources, _, let norm) = self,
            case .panels(let otherSources, _, let otherNorm) = other
        else { return self == other }
        return sources == otherSources && norm == otherNorm
    }
}
