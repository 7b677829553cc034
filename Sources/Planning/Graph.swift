import Networks

/// A network as operators on token maps, with every shape inferred and every parameter named.
///
/// Operators are elementary: what runs together in one kernel is the planner's decision.
public struct Graph: Sendable, Equatable {
    /// A map of tokens, row-major and channels-last.
    public struct Tensor: Sendable, Equatable {
        public let map: Resolution
        public let channels: Int
        public var rows: Int { map.count }
    }

    public struct Node: Sendable, Equatable {
        public let operation: Operation
        public let inputs: [Int]
        public let output: Int
        /// What it computes, after the parameters it uses: `layers.0.blocks.1.mlp.fc1`.
        public let label: String
    }

    public private(set) var tensors: [Tensor]
    public private(set) var nodes: [Node] = []
    public static let input = 0
    /// The tensors that the network returns, in order.
    public private(set) var outputs: [Int] = []

    init(input: Tensor) { tensors = [input] }

    mutating func add(
        _ operation: Operation, _ inputs: [Int], map: Resolution? = nil, channels: Int? = nil,
        label: String
    ) -> Int {
        let first = tensors[inputs[0]]
        tensors.append(Tensor(map: map ?? first.map, channels: channels ?? first.channels))
        let output = tensors.count - 1
        nodes.append(Node(operation: operation, inputs: inputs, output: output, label: label))
        return output
    }

    mutating func returns(_ tensor: Int) { outputs.append(tensor) }

    /// Nodes that read tensor `id`.
    func consumers(of id: Int) -> [Int] {
        nodes.indices.filter { nodes[$0].inputs.contains(id) }
    }

    /// The node that reads tensor `id`, when it is the only one.
    package func onlyConsumer(of id: Int) -> Int? {
        let all = consumers(of: id)
        return all.count == 1 && !outputs.contains(id) ? all[0] : nil
    }
}

/// What a node computes. Parameters are named as in the authors' `state_dict`.
public enum Operation: Sendable, Equatable {
    /// Patches of an image as rows, in the order plane, row, column.
    case patches(side: Int)
    case linear(LinearSource)
    /// eps 1e-5 over the channels.
    case layerNorm(parameter: String)
    /// 3×3, zero padding 1, bias.
    case depthwise(parameter: String)
    /// Running statistics, eps 1e-5; only ever behind a linear operator.
    case batchNorm(parameter: String)
    case gelu
    case averagePool(window: Int)
    /// Attention inside windows; the input holds q, k, v.
    case windowAttention(heads: Int, headDim: Int, window: Int)
    /// Attention from all rows of the first input (q) to all rows of the second (k, v).
    case globalAttention(heads: Int, headDim: Int)
    /// Deformable samples of 2×2 points with stride 2 as rows, point by point.
    case deformableSamples(parameter: String)
    /// Along the channels.
    case concatenate
    case add
    case meanPool
    /// A copy in the layout of an output, through a LayerNorm (eps 1e-5) where `norm` names one.
    case featureMap(norm: String?, layout: FeatureLayout)
}

/// A matrix out×in with an optional bias, as it stands in a checkpoint.
public struct LinearSource: Sendable, Hashable, Codable {
    /// How the checkpoint orders a row of the matrix.
    public enum Order: Sendable, Hashable, Codable {
        /// As the input's channels: a Linear, or a convolution on patches in plane, row, column order.
        case channels
        /// out×in×point in the checkpoint, point by point in the input.
        case points(Int)
    }

    public let parameter: String
    public let outputs: Int
    public let inputs: Int
    public let order: Order
    public let hasBias: Bool
    /// The first `scaledRows` outputs are multiplied by `scale`: q of an attention.
    public let scaledRows: Int
    public let scale: Double

    init(
        _ parameter: String, from inputs: Int, to outputs: Int, order: Order = .channels,
        hasBias: Bool = true, scaledRows: Int = 0, scale: Double = 1
    ) {
        self.parameter = parameter
        self.outputs = outputs
        self.inputs = inputs
        self.order = order
        self.hasBias = hasBias
        self.scaledRows = scaledRows
        self.scale = scale
    }
}
