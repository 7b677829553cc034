/// What a pickle describes, as inert data.
///
/// Values refer to nodes by index, so that shared, cyclic and very deep objects cost neither
/// recursion nor leaks. Code that walks a graph limits its own depth and steps.
struct PickleGraph {
    fileprivate(set) var nodes: [PickleNode] = []
    var root: PickleValue = .none
    /// Names that nothing is known about; they are never looked up or called.
    var opaqueGlobals: Set<String> = []
    /// Every storage a tensor may refer to, by key.
    var storages: [String: StorageReference] = [:]

    subscript(id: Int) -> PickleNode {
        get { nodes[id] }
        _modify { yield &nodes[id] }
    }

    mutating func add(_ kind: PickleNode.Kind, _ items: [PickleValue] = []) -> PickleValue {
        nodes.append(PickleNode(kind: kind, items: items))
        return .node(nodes.count - 1)
    }

    func node(_ value: PickleValue) -> PickleNode? {
        guard case .node(let id) = value else { return nil }
        return nodes[id]
    }

    func tuple(_ value: PickleValue) -> [PickleValue]? {
        guard let node = node(value), case .tuple = node.kind else { return nil }
        return node.items
    }

    /// A tuple or torch.Size of integers, one for each dimension of a tensor.
    func dimensions(_ value: PickleValue) -> [Int]? {
        guard let items = tuple(value), items.count <= TensorRecord.maximumRank else { return nil }
        let integers = items.compactMap(\.integer)
        return integers.count == items.count ? integers : nil
    }

    /// The pairs of a dict or OrderedDict, in order; keys may repeat in a hostile file.
    func pairs(_ value: PickleValue) -> [PicklePair]? {
        guard let node = node(value), case .dictionary = node.kind else { return nil }
        return node.pairs
    }

    /// The last value under a string key of a dictionary, as Python sees it.
    func member(_ name: String, of value: PickleValue) -> PickleValue? {
        pairs(value)?.last { $0.key.string == name }?.value
    }
}

enum PickleValue {
    case none
    case boolean(Bool)
    case integer(Int)
    /// Beyond 64 bits: two's complement, little-endian.
    case largeInteger([UInt8])
    case float(Double)
    case string(String)
    /// Bytes, or a text too long to be a name or a setting: stepped over, not kept.
    case data
    /// Index into the graph.
    case node(Int)

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }
}

/// An entry of a dict.
typealias PicklePair = (key: PickleValue, value: PickleValue)

struct PickleNode {
    enum Kind {
        case tuple, list, set
        /// Items are keys and values in turn.
        case dictionary
        /// A name, not called.
        case global(PickleGlobal)
        case storage(StorageReference)
        case tensor(TensorReference)
        /// What an unknown class or function would have made; items as of a dictionary.
        case object(name: String)
    }

    let kind: Kind
    var items: [PickleValue]

    /// Items as pairs; an odd last one is dropped.
    var pairs: [PicklePair] {
        stride(from: 0, to: items.count - 1, by: 2).map { (items[$0], items[$0 + 1]) }
    }
}

/// A storage as its persistent id describes it; not yet compared with the file.
struct StorageReference: Equatable {
    let key: String
    let type: StorageType
    /// In elements.
    let count: Int
    /// The part that a tensor of this reference sees: all, but for the views of PyTorch < 0.4.
    let window: Range<Int>
}

/// A tensor as the pickle describes it; not yet compared with its storage.
struct TensorReference {
    let storage: StorageReference
    /// In elements, within the storage's window.
    let offset: Int
    let shape: [Int]
    let strides: [Int]
    /// Whether the elements are the negatives of those in the storage (PyTorch's lazy negation).
    let isNegated: Bool
    /// The class of its storage; where that has no type, the type that stands beside it.
    let typeName: String
}
