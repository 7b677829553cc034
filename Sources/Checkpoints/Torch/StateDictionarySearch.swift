/// Where a pickled object keeps state_dicts, the one to take first.
///
/// Training checkpoints keep them under names of their own, beside each other and within each
/// other: weights, their moving average, discriminators.
struct StateDictionarySearch {
    struct Found {
        /// The keys on the way to it, with dots between; empty for the object itself.
        let name: String
        let pairs: [PicklePair]
    }

    /// In this order: `model` in the LITv2 and timm repositories, `state_dict` in those of
    /// OpenMMLab and in Lightning; moving averages come after the weights themselves.
    static let keys = [
        "model", "state_dict", "model_state_dict", "net", "module", "state_dict_ema", "model_ema",
    ]
    /// `{'model': {'state_dict': …}}`.
    private static let maximumDepth = 2

    /// Those under `keys`, then the object itself, then other dicts in it that hold tensors.
    private(set) var found: [Found] = []
    private var visited: Set<Int> = []

    init(_ graph: PickleGraph) {
        search(graph.root, path: [], in: graph)
        for (key, value) in graph.pairs(graph.root) ?? [] {
            guard let name = key.string, visit(value), let pairs = graph.pairs(value),
                pairs.contains(where: { graph.isTensor($0.value) })
            else { continue }
            found.append(Found(name: name, pairs: pairs))
        }
        if found.isEmpty { findEmpty(graph) }
    }

    /// Whether a value is a node that was not visited before: dicts may hold each other.
    private mutating func visit(_ value: PickleValue) -> Bool {
        guard case .node(let id) = value else { return false }
        return visited.insert(id).inserted
    }

    private mutating func search(_ value: PickleValue, path: [String], in graph: PickleGraph) {
        guard visit(value), let pairs = graph.pairs(value) else { return }
        if path.count < Self.maximumDepth {
            for key in Self.keys {
                guard let member = pairs.last(where: { $0.key.string == key }) else { continue }
                search(member.value, path: path + [key], in: graph)
            }
        }
        guard pairs.contains(where: { graph.isTensor($0.value) }) else { return }
        found.append(Found(name: path.joined(separator: "."), pairs: pairs))
    }

    /// A network without parameters has a state_dict too.
    private mutating func findEmpty(_ graph: PickleGraph) {
        guard let root = graph.pairs(graph.root) else { return }
        if root.isEmpty { found = [Found(name: "", pairs: [])] }
        for key in Self.keys where found.isEmpty {
            guard let member = graph.member(key, of: graph.root),
                let pairs = graph.pairs(member), pairs.isEmpty
            else { continue }
            found = [Found(name: key, pairs: [])]
        }
    }
}
