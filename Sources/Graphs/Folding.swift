/// Rewrites that move constant factors into the weights of a linear operator, where they cost nothing.
extension Graph {
    /// All that kernels expect to be folded.
    public var folded: Graph { foldingBatchNorms().foldingScales() }

    /// A BatchNorm behind a linear operator, at inference y = a·x + b for each channel, becomes a part
    /// of it.
    func foldingBatchNorms() -> Graph {
        var graph = self
        var gone: Set<Int> = []
        for index in nodes.indices {
            guard var linear = nodes[index].operation.matrix, linear.batchNorm == nil,
                let (norm, parameter) = follower(of: index, \.batchNorm)
            else { continue }
            linear.batchNorm = parameter
            graph.nodes[index].operation.matrix = linear
            graph.nodes[index].output = nodes[norm].output
            gone.insert(norm)
        }
        graph.nodes = graph.nodes.indices.filter { !gone.contains($0) }.map { graph.nodes[$0] }
        return graph
    }

    /// The factor of q·kᵀ becomes a part of the linear operator that makes q.
    func foldingScales() -> Graph {
        var graph = self
        for index in nodes.indices {
            guard let (channels, scale, unscaled) = nodes[index].operation.unscaled, scale != 1,
                let producer = producer(of: nodes[index].inputs[0]),
                onlyConsumer(of: nodes[producer].output) == index,
                var linear = nodes[producer].operation.linear
            else { continue }
            linear.scaledRows = channels
            linear.scale = scale
            graph.nodes[producer].operation = .linear(linear)
            graph.nodes[index].operation = unscaled
        }
        return graph
    }
}

extension Operation {
    /// An attention's channels of q and its factor, and the same attention without the factor.
    fileprivate var unscaled: (channels: Int, scale: Double, operation: Operation)? {
        switch self {
        case .windowAttention(let heads, let windows, let scale):
            (heads.channels, scale, .windowAttention(heads, windows, scale: 1))
        case .globalAttention(let heads, let scale):
            (heads.channels, scale, .globalAttention(heads, scale: 1))
        default: nil
        }
    }
}
