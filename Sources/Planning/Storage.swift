/// Where each tensor of a graph lies: which buffer, how far apart its tokens are, which column.
package struct Storage {
    package enum Buffer: Hashable {
        case input
        /// Which of the graph's outputs.
        case output(Int)
        case arena(Int)
    }

    package struct Place: Equatable {
        package let buffer: Buffer
        package let stride: Int
        package var column = 0
    }

    /// Floats of one image for each arena buffer.
    package private(set) var sizes: [Int] = []
    private var places: [Int: Place] = [:]
    private let graph: Graph

    package init(_ graph: Graph, _ groups: [Group]) {
        self.graph = graph
        places[Graph.input] = Place(buffer: .input, stride: graph.tensors[Graph.input].channels)
        for group in groups { place(group) }
    }

    package subscript(tensor: Int) -> Place {
        guard let place = places[tensor] else {
            preconditionFailure("tensor \(tensor) is inside a fused kernel and has no place")
        }
        return place
    }

    private mutating func place(_ group: Group) {
        let nodes = group.nodes.map { graph.nodes[$0] }
        let last = nodes[nodes.count - 1]
        if nodes.count > 1, case .linear = last.operation {
            placeSideBySide(nodes.map(\.output))
        } else if last.operation == .add {
            // The sum is computed in place: nothing else reads the residual afterwards.
            places[last.output] = self[last.inputs[0]]
        } else if let next = graph.onlyConsumer(of: last.output),
            graph.nodes[next].operation == .concatenate
        {
            placeInConcatenation(last.output, next)
        } else {
            places[last.output] = newPlace(last.output, width: graph.tensors[last.output].channels)
        }
    }

    private mutating func placeSideBySide(_ tensors: [Int]) {
        let width = tensors.reduce(0) { $0 + graph.tensors[$1].channels }
        var place = newPlace(tensors[0], width: width)
        for tensor in tensors {
            places[tensor] = place
            place.column += graph.tensors[tensor].channels
        }
    }

    private mutating func placeInConcatenation(_ tensor: Int, _ node: Int) {
        let whole = graph.nodes[node].output
        var place = places[whole] ?? newPlace(whole, width: graph.tensors[whole].channels)
        places[whole] = place
        place.column += graph.column(of: tensor, inConcatenation: node)
        places[tensor] = place
    }

    private mutating func newPlace(_ tensor: Int, width: Int) -> Place {
        if let index = graph.outputs.firstIndex(of: tensor) {
            return Place(buffer: .output(index), stride: width)
        }
        let stride = isStrided(tensor) ? Self.spread(width) : width
        sizes.append((graph.tensors[tensor].rows * stride).rounded(upTo: 16))
        return Place(buffer: .arena(sizes.count - 1), stride: stride)
    }

    /// Whether producer and consumers of a tensor take any distance between tokens.
    private func isStrided(_ tensor: Int) -> Bool {
        graph.nodes.allSatisfy { node in
            guard node.output == tensor || node.inputs.contains(tensor) else { return true }
            switch node.operation {
            case .linear, .depthwise, .windowAttention, .globalAttention: return true
            case .gelu: return true
            case .deformableSamples: return node.output == tensor
            default: return false
            }
        }
    }

    /// Tokens a multiple of 4 KiB apart fall into the same sets of the L1 cache; one cache line more
    /// spreads them.
    static func spread(_ width: Int) -> Int { width % 1024 == 0 ? width + 16 : width }
}

extension Graph {
    /// The first channel of `tensor` in the concatenation that node `index` computes.
    package func column(of tensor: Int, inConcatenation index: Int) -> Int {
        nodes[index].inputs.prefix { $0 != tensor }.reduce(0) { $0 + tensors[$1].channels }
    }
}
