import Graphs
import Kernels

/// The packed weights of a plan, as they are collected from its passes.
struct WeightTable {
    private(set) var tensors: [PackedTensor] = []
    private var indices: [String: Int] = [:]

    /// The block `name`, which every pass must lay out alike.
    ///
    /// - Throws: `PlanError` when another pass has it in another layout.
    mutating func index(of name: String, _ layout: PackedLayout) throws -> Int {
        if let index = indices[name] {
            guard tensors[index].layout == layout else {
                throw PlanError("\(name): two resolutions pack these weights differently")
            }
            return index
        }
        let offset = tensors.last.map { $0.offset + $0.count } ?? 0
        tensors.append(PackedTensor(name: name, offset: offset, layout: layout))
        indices[name] = tensors.count - 1
        return tensors.count - 1
    }

    /// Columns of a panel, where a pass has settled them.
    func panel(of name: String) -> Int? {
        guard let index = indices[name], case .panels = tensors[index].layout.packing else {
            return nil
        }
        return tensors[index].layout.unit
    }

    /// Where the bias of a linear operator lies.
    func bias(of linear: Linear) -> WeightPlace? {
        for (index, tensor) in tensors.enumerated() {
            if let offset = tensor.layout.biasOffset(of: linear) {
                return WeightPlace(block: index, offset: offset)
            }
        }
        return nil
    }
}
