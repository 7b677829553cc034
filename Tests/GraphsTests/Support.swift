import Graphs

extension Graph {
    func count(where predicate: (Operation) -> Bool) -> Int {
        nodes.count { predicate($0.operation) }
    }

    /// Labels of the nodes whose label begins with `prefix`, without it.
    func labels(_ prefix: String) -> [String] {
        nodes.map(\.label).filter { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)) }
    }

    var linears: [Linear] { nodes.compactMap(\.operation.linear) }

    /// Adds a linear operator of as many channels as its input has.
    mutating func square(_ x: Int, _ parameter: String) -> Int {
        let channels = tensors[x].channels
        return add(
            .linear(Linear(parameter, from: channels, to: channels)), [x], label: parameter)
    }
}

extension Operation {
    var isBatchNorm: Bool { batchNorm != nil }

    /// Of q·kᵀ; nil of what is no attention.
    var attentionScale: Double? {
        switch self {
        case .windowAttention(_, _, let scale), .globalAttention(_, let scale): scale
        default: nil
        }
    }
}
