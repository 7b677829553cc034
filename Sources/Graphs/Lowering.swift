/// The rewrite that gives matrix products narrower elements.
extension Graph {
    /// Products on `type`: their matrices, and the tensors that enter nothing but products, are of that
    /// type. Sums, residuals, norms, softmax, samples and outputs stay in single precision; who makes
    /// such a tensor rounds it once, when it is written.
    ///
    /// A tensor stays as it is where a word of it would hold elements of two tokens, or where who makes
    /// it cannot round.
    public func lowered(to type: ElementType) -> Graph {
        guard type != .f32 else { return self }
        var graph = self
        for tensor in tensors.indices where isLowered(tensor, to: type) {
            graph.tensors[tensor].type = type
        }
        for index in nodes.indices {
            guard var linear = nodes[index].operation.linear,
                graph.tensors[nodes[index].inputs[0]].type == type
            else { continue }
            linear.element = type
            graph.nodes[index].operation = .linear(linear)
        }
        return graph
    }

    private func isLowered(_ tensor: Int, to type: ElementType) -> Bool {
        guard let producer = producer(of: tensor), rounds(producer),
            tensors[tensor].channels % type.perWord == 0, !outputs.contains(tensor)
        else { return false }
        return consumers(of: tensor).allSatisfy { entersProducts($0, as: type) }
    }

    /// Whether node `index` may read narrow elements: a product, or a pool whose means enter products.
    private func entersProducts(_ index: Int, as type: ElementType) -> Bool {
        switch nodes[index].operation {
        case .linear: true
        case .averagePool: isLowered(nodes[index].output, to: type)
        default: false
        }
    }

    /// Whether the kernels of node `index` can write narrow elements.
    private func rounds(_ index: Int) -> Bool {
        switch nodes[index].operation {
        case .patches, .layerNorm, .averagePool, .windowAttention, .globalAttention,
            .deformableSamples, .meanPool:
            true
        // That of a ConvFFN; behind a product it is an epilogue.
        case .gelu: producer(of: nodes[index].inputs[0]).map { nodes[$0].operation.depthwise != nil } ?? false
        default: false
        }
    }
}
