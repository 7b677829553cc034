/// A tensor whose elements are integers of 8 bits: in channel c a value x is scale(c) · q + offset(c) for
/// −128 ≤ q ≤ 127. Scales and offsets are no part of a graph. They become a part of the weights, of
/// whoever makes the tensor and of the products that read it, so that no kernel knows them.
public struct QuantisedTensor: Sendable, Hashable {
    public let tensor: Int
    /// The product that reads it, after its parameters; nobody else's.
    public let name: String
    public let channels: Int
    /// Whether a pool reads it too, which takes zeros for tokens beyond the map: its offsets are 0.
    public let isPooled: Bool
}

extension Graph {
    /// The tensors that can be integers of 8 bits, in the order of the graph. The means of such a tensor,
    /// which have its scales, are not among them.
    public var quantisable: [QuantisedTensor] {
        nodes.indices.compactMap { index in
            let tensor = nodes[index].output
            guard nodes[index].operation.quantises, obstacle(of: tensor, to: .int8) == nil,
                let name = reader(of: tensor)
            else { return nil }
            let isPooled = consumers(of: tensor).contains { nodes[$0].operation.averages }
            return QuantisedTensor(
                tensor: tensor, name: name, channels: tensors[tensor].channels, isPooled: isPooled)
        }
    }

    /// Products on integers of 8 bits: what `quantisable` names, the means of its tokens, and the matrices that
    /// meet them.
    public func quantised() -> Graph {
        var graph = self
        for point in quantisable { graph.quantise(point.tensor, as: point.name) }
        for index in nodes.indices {
            guard var linear = nodes[index].operation.linear,
                let scales = graph.tensors[nodes[index].inputs[0]].scales
            else { continue }
            // An attention divides v, which is made here, and what follows it is made of that.
            linear = graph.nodes[index].operation.linear ?? linear
            (linear.element, linear.matrix, linear.inputScales) = (.int8, .int8, scales)
            graph.nodes[index].operation = .linear(linear)
        }
        return graph
    }

    private mutating func quantise(_ tensor: Int, as name: String) {
        (tensors[tensor].type, tensors[tensor].scales) = (.int8, name)
        for index in consumers(of: tensor) where nodes[index].operation.averages {
            quantise(nodes[index].output, as: name)
        }
        guard let index = producer(of: tensor), nodes[index].operation.attends,
            let source = nodes[index].inputs.last.flatMap({ producer(of: $0) }),
            var linear = nodes[source].operation.linear
        else { return }
        linear.outputScales = OutputScales(
            name: name, firstRow: linear.outputs - tensors[tensor].channels)
        nodes[source].operation = .linear(linear)
    }

    /// The first product that reads a tensor, or the means of its tokens.
    private func reader(of tensor: Int) -> String? {
        let readers = consumers(of: tensor)
        let products = readers.compactMap { nodes[$0].operation.linear?.parameter }
        return products.first ?? readers.lazy.compactMap { reader(of: nodes[$0].output) }.first
    }
}

extension Operation {
    var averages: Bool { if case .averagePool = self { true } else { false } }

    fileprivate var attends: Bool {
        switch self {
        case .windowAttention, .globalAttention: true
        default: false
        }
    }

    /// Whether scales and offsets of the result can become a part of its weights: of gamma and beta, of v
    /// (the weights of a softmax add up to 1), of what follows GELU in its kernel.
    fileprivate var quantises: Bool {
        switch self {
        case .layerNorm, .windowAttention, .globalAttention, .gelu: true
        default: false
        }
    }
}
