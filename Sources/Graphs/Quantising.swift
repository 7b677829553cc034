/// A tensor whose elements are integers of 8 bits: in channel c a value x is scale(c) · q + offset(c) for
/// −128 ≤ q ≤ 127. Scales and offsets are no part of a graph. They become a part of the weights, of
/// whoever makes the tensor and of the products that read it, so that no kernel knows them.
public struct QuantisedTensor: Sendable, Hashable {
    public let tensor: Int
    /// The product that reads it, after its parameters; nobody else's.
    public let name: String
    public let channels: Int
    /// Whether tokens beyond the map, which are zeros, are taken for some of it without being among its
    /// integers: by a pool, or by windows that go beyond the map. Its offsets are 0.
    public let meetsZeros: Bool
    /// The parameters of the LayerNorm that makes it; nil where something else does.
    public let norm: String?

    /// The part of the network that it belongs to: an attention, a ConvFFN, a merging of tokens; the product
    /// itself where the network is nothing but an attention. It is of integers as a whole or not at all.
    public var layer: String { layerName(ofParameter: name) }
}

extension Linear {
    /// The part of the network that it belongs to, as `QuantisedTensor.layer`.
    public var layer: String { layerName(ofParameter: parameter) }
}

private func layerName(ofParameter name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
}

extension Graph {
    /// The tensors that can be integers of 8 bits, in the order of the graph. The means of such a tensor,
    /// which have its scales, are not among them.
    public var quantisable: [QuantisedTensor] {
        nodes.indices.compactMap { index in
            let tensor = nodes[index].output
            guard nodes[index].operation.quantises, obstacle(of: tensor, to: .int8) == nil,
                !nodes[index].operation.attends || producerOfValues(index) != nil,
                let name = reader(of: tensor)
            else { return nil }
            return QuantisedTensor(
                tensor: tensor, name: name, channels: tensors[tensor].channels,
                meetsZeros: consumers(of: tensor).contains { meetsZeros($0) },
                norm: nodes[index].operation.layerNorm)
        }
    }

    /// The layers that can be of integers, in all or in their matrices alone, each once, in the order of the graph.
    public var quantisableLayers: [String] {
        let ofMeans = productsOfMeans.compactMap { nodes[$0].operation.linear?.layer }
        return (quantisable.map(\.layer) + ofMeans).withoutRepetition
    }

    /// Products on integers of 8 bits: what `quantisable` names, the means of its tokens, and the matrices that
    /// meet them; and the matrices alone of products of the mean of all tokens.
    ///
    /// - Parameter kept: layers that stay as they are, of `quantisableLayers`.
    public func quantised(keeping kept: Set<String> = []) -> Graph {
        var graph = self
        for point in quantisable where !kept.contains(point.layer) {
            graph.quantise(point.tensor, as: point.name)
        }
        for index in nodes.indices {
            // Not as it is in `self`: an attention may have its v divided here.
            guard var linear = graph.nodes[index].operation.linear,
                let scales = graph.tensors[nodes[index].inputs[0]].scales
            else { continue }
            (linear.element, linear.matrix, linear.inputScales) = (.int8, .int8, scales)
            graph.nodes[index].operation = .linear(linear)
        }
        for index in productsOfMeans {
            guard var linear = nodes[index].operation.linear, !kept.contains(linear.layer)
            else { continue }
            linear.matrix = .int8
            graph.nodes[index].operation = .linear(linear)
        }
        return graph
    }

    /// The products of the mean of all tokens. What they read is one row an image, so that it costs nothing to
    /// leave that in single precision, and their matrix, which is read once for it, is all that takes time.
    private var productsOfMeans: [Int] {
        nodes.indices.filter { index in
            guard let linear = nodes[index].operation.linear,
                linear.inputs % ElementType.int8.perWord == 0,
                let producer = producer(of: nodes[index].inputs[0])
            else { return false }
            return nodes[producer].operation == .meanPool
        }
    }

    /// The products that have a matrix of integers alone, in the order of the graph.
    public var withIntegerMatrices: [Unlowered] {
        productsOfMeans.compactMap { unquantised(nodes[$0]) }
    }

    /// The products that cannot be on integers, but can be on bf16, in the order of the graph.
    public var unquantisable: [Unlowered] {
        let graph = quantised()
        return graph.nodes.compactMap { node in
            let input = node.inputs[0]
            guard node.operation.linear?.matrix == .f32, graph.tensors[input].type != .int8,
                obstacle(of: input, to: .bf16) == nil
            else { return nil }
            return unquantised(node)
        }
    }

    /// Why the inputs of a product are no integers.
    private func unquantised(_ node: Node) -> Unlowered? {
        guard let linear = node.operation.linear else { return nil }
        let input = node.inputs[0]
        let reason =
            obstacle(of: input, to: .int8)
            ?? producer(of: input).map { "\(nodes[$0].label) cannot write integers" }
        return reason.map { Unlowered(label: node.label, layer: linear.layer, reason: $0) }
    }

    private mutating func quantise(_ tensor: Int, as name: String) {
        (tensors[tensor].type, tensors[tensor].scales) = (.int8, name)
        for index in consumers(of: tensor) where nodes[index].operation.averages {
            quantise(nodes[index].output, as: name)
        }
        guard let index = producer(of: tensor), nodes[index].operation.attends,
            let source = producerOfValues(index), var linear = nodes[source].operation.linear
        else { return }
        linear.outputScales = OutputScales(
            name: name, firstRow: linear.outputs - tensors[tensor].channels)
        nodes[source].operation = .linear(linear)
    }

    /// The product that makes v of attention `index`; nil where it makes something else too.
    private func producerOfValues(_ index: Int) -> Int? {
        nodes[index].inputs.last.flatMap { producer(of: $0) }.flatMap {
            nodes[$0].operation.linear != nil && onlyConsumer(of: nodes[$0].output) == index
                ? $0 : nil
        }
    }

    /// Whether node `index` takes zeros beyond the map for tokens of what it reads, or who reads it does.
    private func meetsZeros(_ index: Int) -> Bool {
        if case .averagePool(let side) = nodes[index].operation {
            return !tensors[nodes[index].inputs[0]].map.isDivided(by: side)
        }
        return consumers(of: nodes[index].output).contains {
            guard case .windowAttention(_, let windows, _) = nodes[$0].operation else {
                return false
            }
            return !tensors[nodes[$0].output].map.isDivided(by: windows.side)
        }
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
    /// (the weights of a softmax add up to 1), of what follows GELU and
    /// samples in their kernels.
    fileprivate var quantises: Bool {
        switch self {
        case .layerNorm, .windowAttention, .globalAttention, .gelu, .deformableSamples: true
        default: false
        }
    }
}
