import Graphs

extension GEMM {
    /// Linear operators on one input become one product; GELU, ReLU, a residual sum, also one
    /// through a concatenation, and the sum with a coarser map, its epilogue.
    public static func match(_ graph: Graph, at node: Int) -> Match<Spec>? {
        guard let linear = graph.nodes[node].operation.linear else { return nil }
        let siblings = graph.consumers(of: graph.nodes[node].inputs[0]).filter {
            $0 >= node && graph.nodes[$0].operation.linear != nil
                && !graph.outputs.contains(graph.nodes[$0].output)
        }
        // An output is an array of its own.
        if siblings.count > 1, siblings.contains(node) { return sideBySide(graph, siblings) }
        if let (sum, column) = graph.residualSum(behind: node) {
            return residual(graph, node, linear, sum, column: column)
        }
        if let sum = graph.upsampledSum(behind: node) {
            return upsampled(graph, node, linear, sum)
        }
        let (active, epilogue) = graph.activation(behind: node)
        return product(
            graph, [node] + (active.map { [$0] } ?? []), [linear], epilogue: epilogue,
            output: Slot(graph.nodes[active ?? node].output))
    }

    private static func sideBySide(_ graph: Graph, _ nodes: [Int]) -> Match<Spec> {
        product(
            graph, nodes, nodes.compactMap { graph.nodes[$0].operation.linear },
            output: Slot(nodes.map { graph.nodes[$0].output }))
    }

    /// Its columns of the sum, which is computed in place.
    private static func residual(
        _ graph: Graph, _ node: Int, _ linear: Linear, _ sum: Int, column: Int
    ) -> Match<Spec> {
        product(
            graph, [node, sum], [linear], epilogue: .residual,
            residual: Slot(graph.nodes[sum].inputs[0], column: column),
            output: Slot(graph.nodes[sum].output, column: column))
    }

    /// Plus the nearest tokens of a coarser map.
    private static func upsampled(
        _ graph: Graph, _ node: Int, _ linear: Linear, _ sum: Int
    ) -> Match<Spec> {
        let coarse = graph.nodes[sum].inputs[1], output = graph.nodes[sum].output
        let spec = Spec(
            fine: graph.tensors[output].map, coarse: graph.tensors[coarse].map, k: linear.inputs,
            n: linear.outputs, element: linear.element, matrix: linear.matrix)
        return product(
            spec, graph, [node, sum], [linear], addend: Slot(coarse), output: Slot(output))
    }

    private static func product(
        _ graph: Graph, _ nodes: [Int], _ linears: [Linear], epilogue: Epilogue = .none,
        residual: Slot? = nil, output: Slot
    ) -> Match<Spec> {
        let spec = Spec(
            tokens: graph.tensors[graph.nodes[nodes[0]].output].tokens, k: linears[0].inputs,
            n: linears.reduce(0) { $0 + $1.outputs }, epilogue: epilogue,
            element: linears[0].element, matrix: linears[0].matrix,
            output: graph.tensors[output.tensors[0]].type)
        return product(spec, graph, nodes, linears, addend: residual, output: output)
    }

    private static func product(
        _ spec: Spec, _ graph: Graph, _ nodes: [Int], _ linears: [Linear], addend: Slot?,
        output: Slot
    ) -> Match<Spec> {
        let label = linears.map(\.parameter).withoutRepetition.joined(separator: " + ")
        return Match(
            spec, nodes: nodes, label: label,
            inputs: [Slot(graph.nodes[nodes[0]].inputs[0])] + (addend.map { [$0] } ?? []),
            outputs: [output], weights: [.block(WeightBlock(label, .panels(linears)))])
    }
}

extension Graph {
    /// The activation that takes the output of linear `index` alone.
    fileprivate func activation(behind index: Int) -> (node: Int?, epilogue: GEMM.Epilogue) {
        if let gelu = follower(of: index, is: .gelu) { return (gelu, .gelu) }
        if let relu = follower(of: index, is: .relu) { return (relu, .relu) }
        return (nil, .none)
    }

    /// The residual sum that takes the output of linear `index`, directly or through a concatenation,
    /// and the first of its columns that this is.
    fileprivate func residualSum(behind index: Int) -> (node: Int, column: Int)? {
        let output = nodes[index].output
        guard let next = onlyConsumer(of: output) else { return nil }
        switch nodes[next].operation {
        case .add: return nodes[next].inputs[1] == output ? (next, 0) : nil
        case .concatenate:
            return follower(of: next, is: .add).map {
                ($0, column(of: output, inConcatenation: next))
            }
        default: return nil
        }
    }

    /// The sum of the output of linear `index` alone and a coarser map that is computed before it.
    fileprivate func upsampledSum(behind index: Int) -> Int? {
        guard let sum = follower(of: index, is: .upsampledSum) else { return nil }
        let terms = nodes[sum].inputs
        guard terms[0] == nodes[index].output, producer(of: terms[1]) ?? -1 < index else {
            return nil
        }
        return sum
    }
}
