import Kernels
import Planning

/// Lays packed weights out for another plan of the same network, in which panels are wider or narrower.
///
/// Floats are moved and none is computed with, so what packing folded and rounded stays as it was to
/// the bit.
public struct WeightRepacker: Sendable {
    private let old: [String: PackedTensor]

    /// - Throws: `PlanError` when the plans differ in more than the width of their panels.
    public init(from old: Plan, to new: Plan) throws {
        self.old = Dictionary(old.weights.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for tensor in new.weights where self.old[tensor.name]?.layout.packing != tensor.layout.packing {
            throw PlanError(
                "'\(tensor.name)' is packed otherwise: the weights of one plan cannot be moved to the "
                    + "other; generate the library from its checkpoint")
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
        let source = source(of: tensor)
        guard case .panels(let linears) = tensor.layout.packing, source.layout != tensor.layout
        else { return block }
        let from = PanelLayout(linears, panel: source.layout.unit)
        let to = PanelLayout(linears, panel: tensor.layout.unit)
        var packed = [Float](repeating: 0, count: tensor.count)
        for column in 0..<linears.reduce(0, { $0 + $1.outputs }) {
            let (start, oldStart) = (to.start(ofColumn: column), from.start(ofColumn: column))
            for k in 0..<to.k { packed[start + k * to.panel] = block[oldStart + k * from.panel] }
            packed[to.bias + column] = block[from.bias + column]
        }
        return packed
    }
}
