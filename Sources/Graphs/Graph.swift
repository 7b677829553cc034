/// A network as operations on token maps, with every shape inferred and every parameter named.
public struct Graph: Sendable, Equatable {
    public struct Node: Sendable, Equatable {
        public var operation: Operation
        public let inputs: [Int]
        public var output: Int
        /// What it computes, after the parameters it uses: `layers.0.blocks.1.mlp.fc1`.
        public let label: String
    }

    public internal(set) var tensors: [Tensor]
    public internal(set) var nodes: [Node] = []
    public static let input = 0
    /// The tensors that the network returns, in order.
    public private(set) var outputs: [Int] = []

    public init(input: Tensor) { tensors = [input] }

    /// Adds a node.
    ///
    /// - Parameters:
    ///   - map: of its output; nil is that of the first input.
    ///   - channels: likewise.
    /// - Returns: the tensor that it computes.
    public mutating func add(
        _ operation: Operation, _ inputs: [Int], map: Resolution? = nil, channels: Int? = nil,
        label: String
    ) -> Int {
        let first = tensors[inputs[0]]
        tensors.append(
            Tensor(map: map ?? first.map, channels: channels ?? first.channels, type: first.type))
        let output = tensors.count - 1
        nodes.append(Node(operation: operation, inputs: inputs, output: output, label: label))
        return output
    }

    /// Makes `tensor` the next output.
    public mutating func returns(_ tensor: Int) { outputs.append(tensor) }

    /// What computes `tensors` and nothing beyond them. These are the outputs, and tensors keep their
    /// numbers.
    public func computing(_ tensors: [Int]) -> Graph {
        var graph = self
        var needed = Set(tensors)
        graph.nodes = nodes.reversed().filter { node in
            guard needed.contains(node.output) else { return false }
            needed.formUnion(node.inputs)
            return true
        }.reversed()
        graph.outputs = tensors
        return graph
    }
}

// MARK: - Who reads what

extension Graph {
    /// Nodes that read tensor `id`.
    public func consumers(of id: Int) -> [Int] {
        nodes.indices.filter { nodes[$0].inputs.contains(id) }
    }

    /// The node that reads tensor `id`, when it is the only one and the tensor no output.
    public func onlyConsumer(of id: Int) -> Int? {
        let all = consumers(of: id)
        return all.count == 1 && !outputs.contains(id) ? all[0] : nil
    }

    /// The only consumer of node `index` when it is that operation.
    public func follower(of index: Int, is operation: Operation) -> Int? {
        guard let next = onlyConsumer(of: nodes[index].output), nodes[next].operation == operation
        else { return nil }
        return next
    }

    /// The only consumer of node `index` with what is found in it, such as `\.linear`.
    public func follower<Found>(
        of index: Int, _ find: (Operation) -> Found?
    ) -> (node: Int, found: Found)? {
        guard let next = onlyConsumer(of: nodes[index].output),
            let found = find(nodes[next].operation)
        else { return nil }
        return (next, found)
    }

    /// What the elements are that node `index` computes.
    public func outputType(of index: Int) -> ElementType { tensors[nodes[index].output].type }

    /// The node that computes tensor `id`; nil of the input.
    public func producer(of id: Int) -> Int? { nodes.firstIndex { $0.output == id } }

    /// The linear operator that computes tensor `id`.
    public func linear(producing id: Int) -> Linear? {
        producer(of: id).flatMap { nodes[$0].operation.linear }
    }

    /// The stack that tensor `id` becomes a part of.
    public func stack(of id: Int) -> Int? {
        consumers(of: id).first { nodes[$0].operation == .stack }
    }

    /// The first channel of `tensor` in the concatenation that node `index` computes.
    public func column(of tensor: Int, inConcatenation index: Int) -> Int {
        nodes[index].inputs.prefix { $0 != tensor }.reduce(0) { $0 + tensors[$1].channels }
    }
}
