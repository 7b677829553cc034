import Graphs
import Kernels

/// The packed weights of a plan, as they are collected from its passes.
struct WeightTable {
    private(set) var tensors: [PackedTensor] = []
    private var indices: [String: Int] = [:]

    /// The block, which all variants and passes share.
    ///
    /// - Throws: `PlanError` when another block has its name.
    mutating func index(of block: WeightBlock) throws -> Int {
        if let index = indices[block.name] {
            guard tensors[index].packing == block.packing else {
                throw PlanError("\(block.name): two blocks of weights have this name")
            }
            return index
        }
        let offset = tensors.last.map { $0.offset + $0.count } ?? 0
        tensors.append(PackedTensor(name: block.name, offset: offset, packing: block.packing))
        indices[block.name] = tensors.count - 1
        return tensors.count - 1
    }

    /// Whether the rows by which a kernel makes integers say their scales and offsets.
    func tell(scalesOf name: String) -> Bool {
        tensors.contains { tensor in
            guard case .rows(let rows, _) = tensor.packing else { return false }
            return rows.contains { $0.parameter == nil && $0.scaling == .divided(by: name) }
        }
    }

    /// Where the bias of a linear operator lies.
    func bias(of linear: Linear) -> WeightPlace? {
        for (index, tensor) in tensors.enumerated() {
            if let offset = tensor.packing.biasOffset(of: linear) {
                return WeightPlace(block: index, offset: offset)
            }
        }
        return nil
    }
}
