/// The model's tensors in a pickled object: a bare state_dict, or the one in a training checkpoint.
struct StateDictionary {
    let tensors: [(name: String, tensor: TensorReference)]
    let configuration: ConfigurationValue?

    /// Keys under which training checkpoints keep the state_dict: `model` in the LITv2 and timm
    /// repositories, `state_dict` in those of OpenMMLab.
    private static let keys = ["model", "state_dict"]

    init(_ graph: PickleGraph) throws {
        guard let entries = graph.pairs(graph.root) else {
            throw Self.notAStateDictionary("its object", graph.root, in: graph)
        }
        configuration = graph.member("config", of: graph.root).map {
            ConfigurationValue($0, in: graph)
        }
        for key in Self.keys {
            guard let model = graph.member(key, of: graph.root) else { continue }
            if case .tensor? = graph.node(model)?.kind { continue }
            guard let entries = graph.pairs(model) else {
                throw Self.notAStateDictionary("its '\(key)'", model, in: graph)
            }
            tensors = try Self.tensors(entries, in: graph, place: "under '\(key)'")
            return
        }
        guard entries.contains(where: { graph.isTensor($0.value) }) || entries.isEmpty else {
            throw Flaw.unsupported(
                "holds no state_dict; its top-level keys are "
                    + entries.prefix(20).map { graph.describe($0.key) }.joined(separator: ", "),
                expected: "a state_dict, or a dict with 'model' or 'state_dict'",
                hint: Flaw.resave)
        }
        tensors = try Self.tensors(entries, in: graph, place: "in the state_dict")
    }

    private static func notAStateDictionary(
        _ what: String, _ value: PickleValue, in graph: PickleGraph
    ) -> Flaw {
        .unsupported(
            "\(what) is \(graph.describe(value)), which is never executed",
            expected: "a state_dict: a dict of tensors by name", hint: Flaw.resave)
    }

    private static func tensors(
        _ entries: [(key: PickleValue, value: PickleValue)], in graph: PickleGraph, place: String
    ) throws -> [(name: String, tensor: TensorReference)] {
        guard entries.count <= TensorRecord.maximumCount else {
            throw Flaw.damaged(
                "has \(entries.count) tensors", expected: "at most \(TensorRecord.maximumCount)")
        }
        var tensors: [(name: String, tensor: TensorReference)] = []
        var names: Set<String> = []
        var problems: [String] = []
        for (key, value) in entries {
            guard let name = key.string else {
                problems.append("the key \(graph.describe(key)) is not a name")
                continue
            }
            try TensorRecord.check(name: name)
            guard case .tensor(let tensor)? = graph.node(value)?.kind else {
                problems.append("\(name) is \(graph.describe(value))")
                continue
            }
            if !names.insert(name).inserted { problems.append("\(name) occurs twice") }
            if tensor.storage.type.elementType == nil {
                problems.append("\(name) is a tensor of \(tensor.storage.type.name)")
            }
            tensors.append((name, tensor))
        }
        guard problems.isEmpty else {
            throw Flaw(
                kind: .unsupported, problem: "has entries \(place) that are not plain tensors",
                expected: "tensors of "
                    + ElementType.allCases.map(\.rawValue).joined(separator: ", ")
                    + "; nothing else is interpreted or executed",
                details: problems, hint: Flaw.resave)
        }
        return tensors
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
                elementType: elementType, storage: start..<start + window.count * type.itemSize)
        }
    }
}

extension PickleGraph {
    fileprivate func isTensor(_ value: PickleValue) -> Bool {
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
        case .node(let id):
            switch self[id].kind {
            case .tuple: return "a tuple"
            case .list: return "a list"
            case .set: return "a set"
            case .dictionary: return "a dict"
            case .global(let global): return "the name \(global.name)"
            case .storage: return "a bare storage"
            case .tensor: return "a tensor"
            case .object(let name): return "an object made by \(name)"
            }
        }
    }
}
