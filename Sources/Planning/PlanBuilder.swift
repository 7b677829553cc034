import Networks

/// Collects the steps of one pass, group by group.
struct PlanBuilder {
    private let graph: Graph
    private let storage: Storage
    private let target: Target
    private let decisions: Planner.Decisions
    private let costModel: CostModel
    private(set) var parts: PlanParts
    private var drafts: [Draft] = []

    /// A step whose operands have no offsets yet.
    private struct Draft {
        let kernel: Int
        let label: String
        let input: Storage.Place
        let second: Storage.Place?
        let output: Storage.Place
        let weights: Int?
    }

    init(
        graph: Graph, storage: Storage, target: Target, decisions: Planner.Decisions,
        parts: PlanParts
    ) {
        self.parts = parts
        self.graph = graph
        self.storage = storage
        self.target = target
        self.decisions = decisions
        costModel = CostModel(isa: target.isa)
    }

    mutating func add(_ group: Group) throws {
        let first = graph.nodes[group.nodes[0]]
        if let whole = graph.convFFN(startingAt: group.nodes[0]), whole.nodes == group.nodes {
            try addConvFFN(group, whole.shape)
        } else if case .linear = first.operation {
            try addGEMM(group)
        } else {
            let last = graph.nodes[group.nodes[group.nodes.count - 1]]
            let kernel = try kernel(for: first, output: storage[last.output])
            let weights = try weights(of: first)
            add(
                kernel, first.label, input: storage[first.inputs[0]],
                second: first.inputs.count > 1 ? storage[first.inputs[1]] : nil,
                output: storage[last.output], weights: weights)
        }
    }

    func pass(at resolution: Resolution) -> Pass {
        let (offsets, size) = Arena.layout(requests())
        func operand(_ place: Storage.Place) -> Operand {
            switch place.buffer {
            case .input: Operand(base: .input, offset: 0, column: place.column)
            case .output(let index): Operand(base: .output, offset: index, column: place.column)
            case .arena(let index):
                Operand(base: .arena, offset: offsets[index], column: place.column)
            }
        }
        let scratch = drafts.map { parts.kernels[$0.kernel].scratch(lanes: target.isa.lanes) }
        return Pass(
            resolution: resolution,
            steps: drafts.map {
                Step(
                    kernel: $0.kernel, label: $0.label, input: operand($0.input),
                    second: $0.second.map(operand), output: operand($0.output),
                    weights: $0.weights)
            },
            arenaFloats: size, scratchFloats: (scratch.max() ?? 0).rounded(upTo: 16),
            imagesPerThread: costModel.imagesPerThread(
                arenaFloats: size, maxBatch: target.maxBatch))
    }

    private func requests() -> [Arena.Request] {
        storage.sizes.indices.map { index in
            let uses = drafts.indices.filter { step in
                [drafts[step].input, drafts[step].second, drafts[step].output]
                    .contains { $0?.buffer == .arena(index) }
            }
            return Arena.Request(
                size: storage.sizes[index], lifetime: (uses.first ?? 0)...(uses.last ?? 0))
        }
    }

    private mutating func add(
        _ kernel: Kernel, _ label: String, input: Storage.Place, second: Storage.Place? = nil,
        output: Storage.Place, weights: Int? = nil
    ) {
        drafts.append(
            Draft(
                kernel: parts.index(of: kernel), label: label, input: input, second: second,
                output: output, weights: weights))
    }
}

// MARK: - ConvFFN

extension PlanBuilder {
    private mutating func addConvFFN(_ group: Group, _ shape: ConvFFN.Shape) throws {
        guard let tiling = decisions.convFFN.map({ $0[shape] }) ?? costModel.tiling(for: shape)
        else { throw PlanError("a fused ConvFFN on \(shape.map) tokens has no tiling") }
        // Before anything is computed with a tiling that a file may have brought.
        let kernel = try ConvFFN(shape, tiling, isa: target.isa)
        let nodes = group.nodes.map { graph.nodes[$0] }
        let panel = tiling.vectors * target.isa.lanes
        // Expansion, depthwise, contraction: they lie behind one another, as separate kernels
        // would have them.
        let weights = try nodes.compactMap { node -> Int? in
            guard case .linear(let source) = node.operation else {
                return try self.weights(of: node)
            }
            return try parts.index(
                ofWeights: node.label, .panels(sources: [source], panel: panel, batchNorm: nil))
        }
        let sum = nodes[nodes.count - 1]
        add(
            .convFFN(kernel), sum.label, input: storage[nodes[0].inputs[0]],
            second: storage[sum.inputs[0]],
            output: storage[sum.output], weights: weights[0])
    }
}

// MARK: - GEMM

extension PlanBuilder {
    private mutating func addGEMM(_ group: Group) throws {
        let nodes = group.nodes.map { graph.nodes[$0] }
        let sources = nodes.compactMap { node in
            if case .linear(let source) = node.operation { source } else { nil }
        }
        let input = storage[nodes[0].inputs[0]]
        let output = outputPlace(group)
        let last = nodes[nodes.count - 1].operation
        let epilogue: GEMM.Epilogue =
            last == .add ? .residual : last == .gelu ? .gelu : .none
        let shape = GEMM.Shape(
            rows: graph.tensors[nodes[0].output].rows, k: sources[0].inputs,
            n: sources.reduce(0) { $0 + $1.outputs }, inputStride: input.stride,
            outputStride: output.stride, epilogue: epilogue)
        let label = sources.map(\.parameter).joined(separator: " + ")
        let tiling = tiling(for: shape, panel: parts.panel(ofWeights: label))
        let kernel = try GEMM(shape, tiling, isa: target.isa)
        let norm = nodes.compactMap { node in
            if case .batchNorm(let parameter) = node.operation { parameter } else { nil }
        }
        let weights = try parts.index(
            ofWeights: label,
            .panels(
                sources: sources, panel: tiling.vectors * target.isa.lanes, batchNorm: norm.first))
        add(
            .gemm(kernel), label, input: input,
            second: epilogue == .residual ? output : nil, output: output, weights: weights)
    }

    /// - Parameter panel: of weights that another pass has settled; a decision for other panels
    ///   gives way, because all passes share the weights.
    private func tiling(for shape: GEMM.Shape, panel: Int?) -> GEMM.Tiling {
        let vectors = panel.map { $0 / target.isa.lanes }
        if let decided = decisions.gemm[shape], decided.vectors == vectors ?? decided.vectors {
            return decided
        }
        return costModel.tiling(for: shape, maxBatch: target.maxBatch, vectors: vectors)
    }

    /// Where a GEMM writes; with a residual sum, its columns of the sum.
    private func outputPlace(_ group: Group) -> Storage.Place {
        let first = graph.nodes[group.nodes[0]]
        let last = graph.nodes[group.nodes[group.nodes.count - 1]]
        guard last.operation == .add else {
            if case .linear = last.operation { return storage[first.output] }
            return storage[last.output]
        }
        var place = storage[last.output]
        if let next = graph.onlyConsumer(of: first.output),
            graph.nodes[next].operation == .concatenate
        {
            place.column += graph.column(of: first.output, inConcatenation: next)
        }
        return place
    }
}

// MARK: - Other kernels

extension PlanBuilder {
    private func kernel(for node: Graph.Node, output: Storage.Place) throws -> Kernel {
        let tensor = graph.tensors[node.inputs[0]]
        let input = storage[node.inputs[0]]
        switch node.operation {
        case .patches(let side): return .patches(Patches(image: tensor.map, side: side))
        case .layerNorm:
            return .layerNorm(LayerNorm(rows: tensor.rows, channels: tensor.channels))
        case .depthwise:
            return .depthwiseGELU(
                DepthwiseGELU(map: tensor.map, channels: tensor.channels, stride: input.stride))
        case .averagePool(let window):
            return .averagePool(
                AveragePool(map: tensor.map, channels: tensor.channels, window: window))
        case .meanPool:
            return .meanPool(MeanPool(rows: tensor.rows, channels: tensor.channels))
        case .featureMap(let norm, let layout):
            return .featureMap(
                FeatureMap(
                    map: tensor.map, channels: tensor.channels, isNormalised: norm != nil,
                    layout: layout))
        case .deformableSamples:
            return .sampling(
                Sampling(map: tensor.map, channels: tensor.channels, outputStride: output.stride))
        case .windowAttention(let heads, let headDim, let window):
            return .hiFiAttention(
                HiFiAttention(
                    map: tensor.map, heads: heads, headDim: headDim, window: window,
                    inputStride: input.stride, outputStride: output.stride,
                    bias: biasOfPadding(node)))
        case .globalAttention(let heads, let headDim):
            return try globalAttention(node, heads: heads, headDim: headDim, output: output)
        case .linear, .batchNorm, .gelu, .add, .concatenate:
            throw PlanError("\(node.label): no kernel computes this operator on its own")
        }
    }

    private func globalAttention(
        _ node: Graph.Node, heads: Int, headDim: Int, output: Storage.Place
    ) throws -> Kernel {
        let shape = LoFiAttention.Shape(
            queries: graph.tensors[node.inputs[0]].rows, keys: graph.tensors[node.inputs[1]].rows,
            heads: heads, headDim: headDim, queryStride: storage[node.inputs[0]].stride,
            keyStride: storage[node.inputs[1]].stride, outputStride: output.stride)
        let tiling = decisions.attention[shape] ?? costModel.tiling(for: shape)
        return .loFiAttention(try LoFiAttention(shape, tiling, isa: target.isa))
    }

    /// The packed weights that a kernel reads.
    private mutating func weights(of node: Graph.Node) throws -> Int? {
        if case .windowAttention = node.operation, biasOfPadding(node) != nil {
            return matrix(behind: node).flatMap { parts.index(ofMatrix: $0) }
        }
        return try layout(for: node).map { try parts.index(ofWeights: node.label, $0) }
    }

    /// Where windows reach beyond the map, its tokens there are zero and their q, k and v the bias
    /// of the matrix that makes them: the floats from its packed weights to that bias.
    private func biasOfPadding(_ node: Graph.Node) -> Int? {
        let map = graph.tensors[node.inputs[0]].map
        guard case .windowAttention(_, _, let window) = node.operation,
            map.height % window != 0 || map.width % window != 0,
            let source = matrix(behind: node), let index = parts.index(ofMatrix: source),
            case .panels(let sources, let panel, _) = parts.weights[index].layout
        else { return nil }
        let columns = sources.reduce(0) { $0 + $1.outputs }.rounded(upTo: panel)
        let column = sources.prefix { $0 != source }.reduce(0) { $0 + $1.outputs }
        return columns * source.inputs + column
    }

    /// The linear operator whose output `node` reads first.
    private func matrix(behind node: Graph.Node) -> LinearSource? {
        guard let producer = graph.nodes.first(where: { $0.output == node.inputs[0] }),
            case .linear(let source) = producer.operation
        else { return nil }
        return source
    }

    private func layout(for node: Graph.Node) -> PackedTensor.Layout? {
        let channels = graph.tensors[node.inputs[0]].channels
        let padded = channels.rounded(upTo: target.isa.lanes)
        switch node.operation {
        case .layerNorm(let parameter):
            return .norm(parameter: parameter, channels: channels, padded: padded)
        case .featureMap(let parameter, _):
            return parameter.map { .norm(parameter: $0, channels: channels, padded: padded) }
        case .depthwise(let parameter):
            return .depthwise(parameter: parameter, channels: channels, padded: padded)
        case .deformableSamples(let parameter):
            return .offsets(parameter: parameter, channels: channels, padded: padded)
        default: return nil
        }
    }
}

extension PackedTensor.Layout {
    /// Floats, a multiple of a cache line.
    public var count: Int {
        let floats =
            switch self {
            case .panels(let sources, let panel, _):
                sources.reduce(0) { $0 + $1.outputs }.rounded(upTo: panel) * (sources[0].inputs + 1)
            case .norm(_, _, let padded): 2 * padded
            case .depthwise(_, _, let padded): 10 * padded
            case .offsets(_, _, let padded): 8 * 4 * padded + 8
            }
        return floats.rounded(upTo: 16)
    }
}
