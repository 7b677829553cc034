/// What the passes of a plan share: kernels, each once, and packed weights.
struct PlanParts {
    private(set) var kernels: [Kernel] = []
    private(set) var weights: [PackedTensor] = []
    private var kernelIndices: [Kernel: Int] = [:]
    private var weightIndices: [String: Int] = [:]

    mutating func index(of kernel: Kernel) -> Int {
        if let index = kernelIndices[kernel] { return index }
        kernels.append(kernel)
        kernelIndices[kernel] = kernels.count - 1
        return kernels.count - 1
    }

    /// The packed tensor `name`, which every pass must lay out alike.
    ///
    /// - Throws: `PlanError` when another pass has it in another layout.
    mutating func index(ofWeights name: String, _ layout: PackedTensor.Layout) throws -> Int {
        if let index = weightIndices[name] {
            guard weights[index].layout == layout else {
                throw PlanError("\(name): two resolutions pack these weights differently")
            }
            return index
        }
        let offset = weights.last.map { $0.offset + $0.count } ?? 0
        weights.append(
            PackedTensor(name: name, offset: offset, count: layout.count, layout: layout))
        weightIndices[name] = weights.count - 1
        return weights.count - 1
    }

    /// Columns of a panel, where a pass has settled them for the weights `name`.
    func panel(ofWeights name: String) -> Int? {
        guard let index = weightIndices[name],
            case .panels(_, let panel, _) = weights[index].layout
        else { return nil }
        return panel
    }

    /// The packed tensor that holds the matrix of a linear operator.
    func index(ofMatrix source: LinearSource) -> Int? {
        weights.firstIndex {
            if case .panels(let sources, _, _) = $0.layout {
                sources.contains(source)
            } else {
                false
            }
        }
    }
}
