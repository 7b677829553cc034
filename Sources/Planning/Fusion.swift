/// Nodes of a graph that run as one kernel.
package struct Group {
    /// In the order of the graph.
    package let nodes: [Int]
}

extension Graph {
    /// Groups the nodes into kernels:
    /// - linear operators on the same input become one GEMM;
    /// - BatchNorm behind a linear operator goes into its weights, GELU and the residual sum into its
    ///   epilogue;
    /// - GELU behind a depthwise convolution is computed in the same pass;
    /// - a concatenation costs nothing: its inputs are written side by side;
    /// - a ConvFFN with its residual sum becomes one kernel where `fusesConvFFN` says so.
    package func fused(fusesConvFFN: (ConvFFN.Shape) -> Bool = { _ in false }) -> [Group] {
        var groups: [Group] = []
        var taken: Set<Int> = []
        for index in nodes.indices where !taken.contains(index) {
            var members = group(startingAt: index)
            if let whole = convFFN(startingAt: index), fusesConvFFN(whole.shape) {
                members = whole.nodes
            }
            taken.formUnion(members)
            groups.append(Group(nodes: members))
        }
        // A concatenation leaves no work behind once its inputs are in place.
        return groups.filter { group in
            group.nodes.contains { nodes[$0].operation != .concatenate }
        }
    }

    private func group(startingAt index: Int) -> [Int] {
        switch nodes[index].operation {
        case .linear: linearGroup(index)
        case .depthwise:
            [index] + follower(of: index, where: { $0 == .gelu })
        default: [index]
        }
    }

    /// The nodes of a ConvFFN whose expansion is node `index`, residual sum included.
    package func convFFN(startingAt index: Int) -> (nodes: [Int], shape: ConvFFN.Shape)? {
        guard case .linear(let expand) = nodes[index].operation,
            let mix = follower(
                of: index, where: { if case .depthwise = $0 { true } else { false } }
            ).first,
            let act = follower(of: mix, where: { $0 == .gelu }).first,
            let contract = follower(
                of: act, where: { if case .linear = $0 { true } else { false } }
            ).first,
            let sum = follower(of: contract, where: { $0 == .add }).first
        else { return nil }
        let map = tensors[nodes[index].output].map
        return (
            [index, mix, act, contract, sum],
            ConvFFN.Shape(map: map, channels: expand.inputs, hidden: expand.outputs)
        )
    }

    private func linearGroup(_ index: Int) -> [Int] {
        let siblings = consumers(of: nodes[index].inputs[0]).filter {
            if case .linear = nodes[$0].operation { return $0 >= index }
            return false
        }
        if siblings.count > 1 { return siblings }
        let norm = follower(of: index) { if case .batchNorm = $0 { true } else { false } }
        let gelu = follower(of: norm.last ?? index) { $0 == .gelu }
        if let sum = residualSum(behind: index) { return [index, sum] }
        return [index] + norm + gelu
    }

    /// The only consumer of node `index` when it satisfies `predicate`.
    private func follower(of index: Int, where predicate: (Operation) -> Bool) -> [Int] {
        guard let next = onlyConsumer(of: nodes[index].output), predicate(nodes[next].operation)
        else { return [] }
        return [next]
    }

    /// The residual sum that takes the output of linear `index`, directly or through a concatenation.
    func residualSum(behind index: Int) -> Int? {
        guard let next = onlyConsumer(of: nodes[index].output) else { return nil }
        switch nodes[next].operation {
        case .add: return nodes[next].inputs[1] == nodes[index].output ? next : nil
        case .concatenate:
            guard let sum = onlyConsumer(of: nodes[next].output), nodes[sum].operation == .add
            else { return nil }
            return sum
        default: return nil
        }
    }
}
