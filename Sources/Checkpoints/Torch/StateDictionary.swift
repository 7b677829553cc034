/// The model's tensors in a pickled object: a bare state_dict, or one of a training checkpoint.
struct StateDictionary {
    /// Where it was: `model`, or `model.state_dict`; empty for the object itself.
    let name: String
    /// Names of all that the file holds, in the order in which they would be taken.
    let available: [String]
    let tensors: [(name: String, tensor: TensorReference)]
    /// What its other entries are, by name: nothing that could be weights.
    let unread: [String: String]
    let configuration: ConfigurationValue?
    /// `meta` of OpenMMLab's tools.
    let training: ConfigurationValue?

    /// - Parameter choice: which to take; nil takes the first.
    init(_ graph: PickleGraph, named choice: String?) throws {
        guard graph.pairs(graph.root) != nil else {
            throw Self.notAStateDictionary("its object", graph.root, in: graph)
        }
        let search = StateDictionarySearch(graph)
        available = search.found.map(\.name)
        guard let taken = search.found.first(where: { choice == nil || $0.name == choice }) else {
            throw Self.nothingFound(named: choice, available, in: graph)
        }
        name = taken.name
        configuration = graph.member("config", of: graph.root).map {
            ConfigurationValue($0, in: graph)
        }
        training = graph.member("meta", of: graph.root).map { ConfigurationValue($0, in: graph) }
        (tensors, unread) = try Self.read(taken.pairs, in: graph)
    }

    private static func read(
        _ entries: [PicklePair], in graph: PickleGraph
    ) throws -> (tensors: [(name: String, tensor: TensorReference)], unread: [String: String]) {
        guard entries.count <= TensorRecord.maximumCount else {
            throw Flaw.unsupported(
                "has \(entries.count) tensors", expected: "at most \(TensorRecord.maximumCount)",
                hint: Flaw.resave)
        }
        var tensors: [(name: String, tensor: TensorReference)] = []
        var unread: [String: String] = [:]
        var names: Set<String> = []
        for (key, value) in entries {
            let name = key.string ?? graph.describe(key)
            try TensorRecord.check(name: name)
            guard names.insert(name).inserted || key.string == nil else {
                throw Flaw.unsupported(
                    "has a state_dict in which \(name) occurs twice", hint: Flaw.resave)
            }
            if key.string != nil, case .tensor(let tensor)? = graph.node(value)?.kind,
                tensor.storage.type.elementType != nil
            {
                tensors.append((name, tensor))
            } else {
                unread[name] = graph.describe(value)
            }
        }
        return (tensors, unread)
    }

    /// Locates every tensor in the file.
    ///
    /// - Parameter storages: bytes of the file by storage key, for all keys the tensors use.
    func records(storages: [String: Range<Int>]) throws -> [TensorRecord] {
        try tensors.map { name, tensor in
            let type = tensor.storage.type
            guard let elementType = type.elementType, let range = storages[tensor.storage.key],
                checkedProduct([tensor.storage.count, type.itemSize]) == range.count
            else {
                throw Flaw.damaged(
                    "storage \(tensor.storage.key) of tensor \(name) is missing or not of "
                        + "\(tensor.storage.count) \(type.name) elements")
            }
            let window = tensor.storage.window
            let start = range.lowerBound + window.lowerBound * type.itemSize
            return try TensorRecord(
                name: name, shape: tensor.shape, strides: tensor.strides, offset: tensor.offset,
                elementType: elementType, storage: start..<start + window.count * type.itemSize,
                isNegated: tensor.isNegated)
        }
    }
}

// MARK: Messages

extension StateDictionary {
    private static func notAStateDictionary(
        _ what: String, _ value: PickleValue, in graph: PickleGraph
    ) -> Flaw {
        .unsupported(
            "\(what) is \(graph.describe(value)), which is never executed",
            expected: "a state_dict: a dict of tensors by name", hint: Flaw.resave)
    }

    private static func nothingFound(
        named choice: String?, _ available: [String], in graph: PickleGraph
    ) -> Flaw {
        if let choice {
            let names = available.filter { !$0.isEmpty }.prefix(20).joined(separator: ", ")
            return .unsupported(
                "has no state_dict named '\(choice)'",
                expected: names.isEmpty ? "no choice: it has none with a name" : "one of \(names)",
                hint: "list the state_dicts with 'hilo inspect'")
        }
        let keys = StateDictionarySearch.keys
        for key in keys {
            guard let model = graph.member(key, of: graph.root), graph.node(model) != nil else {
                continue
            }
            guard let entries = graph.pairs(model) else {
                return notAStateDictionary("its '\(key)'", model, in: graph)
            }
            return Flaw(
                kind: .unsupported, problem: "has no tensors under '\(key)'",
                expected: "tensors by name; nothing else is interpreted or executed",
                details: entries.prefix(20).map {
                    "\($0.key.string ?? graph.describe($0.key)) is \(graph.describe($0.value))"
                },
                hint: Flaw.resave)
        }
        let found = (graph.pairs(graph.root) ?? []).prefix(20).map { graph.describe($0.key) }
        return .unsupported(
            "holds no state_dict; its top-level keys are \(found.joined(separator: ", "))",
            expected: "a state_dict, or a dict with one under " + keys.joined(separator: ", "),
            hint: Flaw.resave)
    }
}

extension PickleGraph {
    func isTensor(_ value: PickleValue) -> Bool {
        if case .tensor? = node(value)?.kind { true } else { false }
    }

    /// A few words for messages: "the integer 3", "a call of posix.system".
    fileprivate func describe(_ value: PickleValue) -> String {
        switch value {
        case .none: return "None"
        case .boolean(let flag): return flag ? "True" : "False"
        case .integer(let number): return "the integer \(number)"
        case .largeInteger: return "a large integer"
        case .float(let number): return "the number \(number)"
        case .string(let text): return "'\(text.prefix(80))'"
        case .data: return "bytes or a long text"
        case .node(let id):
            switch self[id].kind {
            case .tuple: return "a tuple"
            case .list: return "a list"
            case .set: return "a set"
            case .dictionary: return "a dict"
            case .global(let global): return "the name \(global.name)"
            case .storage: return "a bare storage"
            case .tensor(let tensor): return "a tensor of \(tensor.typeName)"
            case .object(let name): return "an object made by \(name)"
            }
        }
    }
}
