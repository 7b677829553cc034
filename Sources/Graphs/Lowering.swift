/// The rewrite that gives matrix products narrower elements.
extension Graph {
    /// Products on `type`: their matrices, and the tensors that enter nothing but products, are of that
    /// type. Sums, residuals, norms, softmax and outputs stay in single precision; who makes
    /// such a tensor rounds it once, when it is written. Tensors that are narrow already stay what they are.
    ///
    /// - Parameter kept: layers whose products stay as they are, of `Linear.layer`.
    public func lowered(to type: ElementType, keeping kept: Set<String> = []) -> Graph {
        guard type != .f32 else { return self }
        var graph = self
        for tensor in tensors.indices
        where tensors[tensor].type == .f32 && obstacle(of: tensor, to: type) == nil
            && layers(reading: tensor).isDisjoint(with: kept)
        {
            graph.tensors[tensor].type = type
        }
        for index in nodes.indices {
            guard var linear = nodes[index].operation.linear,
                graph.tensors[nodes[index].inputs[0]].type == type
            else { continue }
            (linear.element, linear.matrix) = (type, type)
            graph.nodes[index].operation = .linear(linear)
        }
        return graph
    }

    /// The layers with products that `lowered` changes, each once, in the order of the graph.
    public func loweredLayers(to type: ElementType) -> [String] {
        lowered(to: type).nodes.compactMap(\.operation.linear).filter { $0.element == type }
            .map(\.layer).withoutRepetition
    }

    /// The layers of the products that read a tensor, or the means of its tokens.
    private func layers(reading tensor: Int) -> Set<String> {
        consumers(of: tensor).reduce(into: []) { layers, index in
            if let linear = nodes[index].operation.linear { layers.insert(linear.layer) }
            if nodes[index].operation.averages {
                layers.formUnion(self.layers(reading: nodes[index].output))
            }
        }
    }

    /// Products of inputs in single precision with matrices of `type`, where these have whole words.
    public func withMatrices(of type: ElementType) -> Graph {
        var graph = self
        for index in nodes.indices {
            guard var linear = nodes[index].operation.linear, linear.inputs % type.perWord == 0
            else { continue }
            linear.matrix = type
            graph.nodes[index].operation = .linear(linear)
        }
        return graph
    }

    /// A product that stays in a wider precision than others.
    public struct Unlowered: Sendable, Equatable {
        /// After its parameters.
        public let label: String
        /// As `Linear.layer`.
        public let layer: String
        public let reason: String
    }

    /// The products that stay as they are, in the order of the graph.
    public func unlowered(to type: ElementType) -> [Unlowered] {
        nodes.compactMap { node in
            guard let linear = node.operation.linear, linear.matrix == .f32,
                tensors[node.inputs[0]].type == .f32,
                let reason = obstacle(of: node.inputs[0], to: type)
            else { return nil }
            return Unlowered(label: node.label, layer: linear.layer, reason: reason)
        }
    }

    /// Why a tensor cannot be of a narrower type; nil when it can.
    func obstacle(of tensor: Int, to type: ElementType) -> String? {
        guard let producer = producer(of: tensor) else { return "it reads the network's input" }
        guard rounds(producer) else { return "\(nodes[producer].label) writes single precision" }
        guard tensors[tensor].channels % type.perWord == 0 else {
            return "a word would hold elements of two tokens, which have "
                + "\(tensors[tensor].channels) channels"
        }
        guard !outputs.contains(tensor) else { return "what it reads is returned" }
        return consumers(of: tensor).first { !entersProducts($0, as: type) }.map {
            "\(nodes[$0].label) reads the same in single precision"
        }
    }

    /// Whether node `index` may read narrow elements: a product whose matrix alone is not narrow yet, or a pool
    /// whose means enter products.
    private func entersProducts(_ index: Int, as type: ElementType) -> Bool {
        switch nodes[index].operation {
        case .linear(let linear): linear.matrix == linear.element
        case .averagePool: obstacle(of: nodes[index].output, to: type) == nil
        default: false
        }
    }

    /// Whether the kernels of node `index` can write narrow elements.
    private func rounds(_ index: Int) -> Bool {
        switch nodes[index].operation {
        case .patches, .layerNorm, .averagePool, .meanPool, .windowAttention, .globalAttention,
            .deformableSamples, .roiAlign:
            true
        // That of a ConvFFN, whose kernel takes scales of integers too.
        case .gelu:
            producer(of: nodes[index].inputs[0]).map { nodes[$0].operation.depthwise != nil }
                ?? false
        // The epilogue of a product; nothing makes integers of it.
        case .relu:
            producer(of: nodes[index].inputs[0]).map { nodes[$0].operation.linear != nil } ?? false
        default: false
        }
    }
}
