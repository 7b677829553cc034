import Graphs

/// Nodes of a graph that one kernel can stand for.
public struct Match<Spec: Sendable>: Sendable {
    public let spec: Spec
    /// In the order of the graph.
    public let nodes: [Int]
    /// What it computes, after the parameters it uses.
    public let label: String
    public let inputs: [Slot]
    public let outputs: [Slot]
    public let weights: [WeightUse]

    public init(
        _ spec: Spec, nodes: [Int], label: String, inputs: [Slot], outputs: [Slot],
        weights: [WeightUse] = []
    ) {
        self.spec = spec
        self.nodes = nodes
        self.label = label
        self.inputs = inputs
        self.outputs = outputs
        self.weights = weights
    }

    /// A node on its own that reads and writes whole tensors.
    init(_ spec: Spec, _ graph: Graph, _ node: Int, weights: [WeightUse] = []) {
        self.init(
            spec, nodes: [node], label: graph.nodes[node].label,
            inputs: graph.nodes[node].inputs.map { Slot($0) },
            outputs: [Slot(graph.nodes[node].output)], weights: weights)
    }
}

/// The tensors of one operand: several lie side by side, and a kernel may begin at a channel of one.
public struct Slot: Sendable, Equatable {
    public let tensors: [Int]
    public let column: Int

    public init(_ tensor: Int, column: Int = 0) { self.init([tensor], column: column) }

    public init(_ tensors: [Int], column: Int = 0) {
        self.tensors = tensors
        self.column = column
    }
}

/// Where the planner has put the operands of a kernel.
public struct Placement: Sendable {
    /// Elements from one token to the next.
    public let inputStrides, outputStrides: [Int]

    public init(inputStrides: [Int], outputStrides: [Int]) {
        self.inputStrides = inputStrides
        self.outputStrides = outputStrides
    }
}
