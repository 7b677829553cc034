/// Settings that a training checkpoint carries along, as inert data.
///
/// yacs `CfgNode`s and plain dicts become dictionaries, tuples and sets lists; whatever else an
/// object was is `opaque` with the name of its class.
public enum ConfigurationValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    case double(Double)
    case string(String)
    case list([ConfigurationValue])
    case dictionary([String: ConfigurationValue])
    case opaque(String)

    /// The entry of a dictionary; nil when there is none, or this is no dictionary.
    public subscript(key: String) -> ConfigurationValue? {
        if case .dictionary(let entries) = self { entries[key] } else { nil }
    }

    /// The settings of a Python text, `model = dict(type='FPN', …)`, which is read as data; nil when this
    /// is no text.
    public var settings: ConfigurationValue? { string.map { PythonSettings.read($0) } }

    public var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    public var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// A double, or an integer as one: Python writes `ALPHA: 1` where 1.0 is meant.
    public var double: Double? {
        switch self {
        case .double(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var list: [ConfigurationValue]? {
        if case .list(let values) = self { values } else { nil }
    }
}

extension ConfigurationValue {
    static let maximumDepth = 32
    static let maximumCount = 100_000

    /// Copies a value out of a pickle. What is nested too deeply, or comes after more values than
    /// a configuration has (shared nodes can unfold without end), becomes `opaque`.
    init(_ value: PickleValue, in graph: PickleGraph) {
        var remaining = Self.maximumCount
        self.init(value, in: graph, depth: 0, remaining: &remaining)
    }

    private init(
        _ value: PickleValue, in graph: PickleGraph, depth: Int, remaining: inout Int
    ) {
        switch value {
        case .none: self = .null
        case .boolean(let flag): self = .boolean(flag)
        case .integer(let number): self = .integer(number)
        case .largeInteger: self = .opaque("int")
        case .float(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .data: self = .opaque("bytes")
        case .node(let id):
            self.init(graph[id], in: graph, depth: depth + 1, remaining: &remaining)
        }
    }

    private init(_ node: PickleNode, in graph: PickleGraph, depth: Int, remaining: inout Int) {
        remaining -= 1 + node.items.count
        guard depth <= Self.maximumDepth, remaining >= 0 else {
            self = .opaque("…")
            return
        }
        switch node.kind {
        case .tuple, .list, .set:
            self = .list(
                node.items.map { Self($0, in: graph, depth: depth, remaining: &remaining) })
        case .object(let name) where !name.hasSuffix("CfgNode"): self = .opaque(name)
        case .dictionary, .object:
            var entries: [String: ConfigurationValue] = [:]
            for (key, value) in node.pairs {
                guard let key = key.string ?? key.integer.map(String.init) else { continue }
                entries[key] = Self(value, in: graph, depth: depth, remaining: &remaining)
            }
            self = .dictionary(entries)
        case .global(let global): self = .opaque(global.name)
        case .storage: self = .opaque("storage")
        case .tensor: self = .opaque("tensor")
        }
    }
}
