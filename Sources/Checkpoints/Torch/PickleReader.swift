/// Reads one pickle into a graph. Nothing is imported, called or looked up: names from a closed
/// list make tensors and containers, all others inert nodes.
///
/// This is the only pickle parser: what `inspect` shows is what loading sees.
struct PickleReader {
    private var reader: ByteReader
    private var stack: [PickleValue] = []
    /// Heights of the stack at the open marks.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var graph = PickleGraph()
    private var charged = 0

    static let maximumStack = 1 << 20
    static let maximumValues = 1 << 22
    /// Longer texts and integers are stepped over: no name, size or setting is as long.
    static let maximumTextLength = 1 << 16
    static let maximumIntegerLength = 255
    private static let maximumNameLength = 1 << 10
    /// Bytes of a text that count as one value.
    private static let valueLength = 64

    /// Reads the pickle at the reader's position and leaves the reader behind it.
    static func read(_ reader: inout ByteReader) throws -> PickleGraph {
        var pickle = PickleReader(reader: reader)
        guard try pickle.opcode() == .proto else { throw pickle.flaw("no protocol") }
        let version = try pickle.reader.byte()
        guard (2...5).contains(version) else { throw pickle.flaw("unknown protocol \(version)") }
        while case let opcode = try pickle.opcode(), opcode != .stop {
            try pickle.execute(opcode)
        }
        pickle.graph.root = try pickle.pop()
        guard pickle.stack.isEmpty, pickle.marks.isEmpty else {
            throw pickle.flaw("values left over")
        }
        reader = pickle.reader
        return pickle.graph
    }

    private init(reader: ByteReader) { self.reader = reader }

    func flaw(_ problem: String) -> Flaw {
        .damaged("its pickle is malformed near byte \(reader.position): \(problem)")
    }

    /// A file that goes on like this may be sound, but would take memory without bound.
    private func excess(_ what: String, limit: Int) -> Flaw {
        .unsupported(
            "its pickle has more \(what) than are read", expected: "at most \(limit)",
            hint: Flaw.resave)
    }

    private mutating func opcode() throws -> PickleOpcode {
        let byte = try reader.byte()
        guard let opcode = PickleOpcode(rawValue: byte) else {
            throw Flaw.unsupported(
                "its pickle has the opcode 0x\(String(byte, radix: 16)) at byte "
                    + "\(reader.position - 1), which no checkpoint needs",
                hint: "the file is damaged, or torch.save did not write it; \(Flaw.resave)")
        }
        return opcode
    }

    private mutating func execute(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .proto, .stop: throw flaw("a second protocol")
        case .frame: _ = try reader.size()
        case .mark: try openMark()
        case .pop: try drop()
        case .popMark: _ = try popToMark()
        case .none: try push(.none)
        case .newTrue: try push(.boolean(true))
        case .newFalse: try push(.boolean(false))
        case .int32: try push(.integer(Int(try reader.integer(Int32.self))))
        case .int8: try push(.integer(Int(try reader.byte())))
        case .int16: try push(.integer(Int(try reader.integer(UInt16.self))))
        case .long1: try push(longInteger(Int(try reader.byte())))
        case .long4: try push(longInteger(Int(try reader.integer(Int32.self))))
        case .float:
            let bits = UInt64(bigEndian: try reader.integer(UInt64.self).littleEndian)
            try push(.float(Double(bitPattern: bits)))
        case .unicode, .string: try push(text(Int(try reader.integer(UInt32.self))))
        case .shortUnicode, .shortString: try push(text(Int(try reader.byte())))
        case .unicode8: try push(text(try reader.size()))
        case .bytes: try push(data(Int(try reader.integer(UInt32.self))))
        case .shortBytes: try push(data(Int(try reader.byte())))
        case .bytes8, .byteArray8: try push(data(try reader.size()))
        case .emptyTuple: try push(.tuple, [])
        case .tuple: try push(.tuple, popToMark())
        case .tuple1: try push(.tuple, pop(1))
        case .tuple2: try push(.tuple, pop(2))
        case .tuple3: try push(.tuple, pop(3))
        case .emptyList: try push(.list, [])
        case .emptyDictionary: try push(.dictionary, [])
        case .emptySet: try push(.set, [])
        case .frozenSet: try push(.set, popToMark())
        case .append: try extend(pop(1))
        case .appends, .addItems: try extend(popToMark())
        case .setItem: try insert(pop(2))
        case .setItems: try insert(popToMark())
        case .put8: try remember(Int(try reader.byte()))
        case .put32: try remember(Int(try reader.integer(UInt32.self)))
        case .memoize: try remember(memo.count)
        case .get8: try recall(Int(try reader.byte()))
        case .get32: try recall(Int(try reader.integer(UInt32.self)))
        case .global, .stackGlobal: try pushGlobal(opcode)
        case .reduce: try reduce()
        case .newObject: try makeObject(pop(2))
        case .newObjectWithKeywords: try makeObject(pop(3))
        case .build: try build()
        case .persistentID: try pushStorage()
        }
    }
}

// MARK: The stack

extension PickleReader {
    private mutating func push(_ value: PickleValue) throws {
        try charge(1)
        guard stack.count < Self.maximumStack else {
            throw excess("open values", limit: Self.maximumStack)
        }
        stack.append(value)
    }

    /// Counts values, so that time and memory are bounded whatever the opcodes say.
    private mutating func charge(_ values: Int) throws {
        charged += values
        guard charged <= Self.maximumValues else {
            throw excess("values", limit: Self.maximumValues)
        }
    }

    private mutating func openMark() throws {
        guard marks.count < Self.maximumStack else {
            throw excess("open marks", limit: Self.maximumStack)
        }
        marks.append(stack.count)
    }

    private mutating func push(_ kind: PickleNode.Kind, _ items: [PickleValue]) throws {
        try push(graph.add(kind, items))
    }

    /// Takes the last `count` values that were pushed since the last mark.
    private mutating func pop(_ count: Int) throws -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw flaw("the stack is empty") }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func pop() throws -> PickleValue { try pop(1)[0] }

    /// Drops the last value, or the last mark if nothing was pushed since.
    private mutating func drop() throws {
        if marks.last == stack.count {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    private mutating func popToMark() throws -> [PickleValue] {
        guard let mark = marks.last else { throw flaw("no mark") }
        let values = try pop(stack.count - mark)
        marks.removeLast()
        return values
    }

    /// The node on top of the stack, which stays there.
    private func topNode() throws -> Int {
        guard stack.count > (marks.last ?? 0), case .node(let id)? = stack.last else {
            throw flaw("no container on the stack")
        }
        return id
    }

    private mutating func extend(_ items: [PickleValue]) throws {
        let id = try topNode()
        switch graph[id].kind {
        case .list, .set, .object: graph[id].items += items
        default: throw flaw("values are appended to something that is not a list")
        }
    }

    private mutating func insert(_ items: [PickleValue]) throws {
        let id = try topNode()
        guard items.count.isMultiple(of: 2) else { throw flaw("a key without a value") }
        switch graph[id].kind {
        case .dictionary, .object: graph[id].items += items
        default: throw flaw("items are set in something that is not a dict")
        }
    }

    private mutating func remember(_ index: Int) throws {
        guard stack.count > (marks.last ?? 0), let value = stack.last else {
            throw flaw("the stack is empty")
        }
        memo[index] = value
        guard memo.count <= Self.maximumValues else {
            throw excess("remembered values", limit: Self.maximumValues)
        }
    }

    private mutating func recall(_ index: Int) throws {
        guard let value = memo[index] else { throw flaw("no value \(index) is remembered") }
        try push(value)
    }
}

// MARK: Literals and names

extension PickleReader {
    /// Python writes half surrogates, and Python 2 bytes, as texts that are not UTF-8.
    private mutating func text(_ length: Int) throws -> PickleValue {
        let bytes = try reader.bytes(length)
        guard length <= Self.maximumTextLength, let text = String(bytes: bytes, encoding: .utf8)
        else { return .data }
        try charge(length / Self.valueLength)
        return .string(text)
    }

    private mutating func data(_ length: Int) throws -> PickleValue {
        _ = try reader.skip(length)
        return .data
    }

    private mutating func longInteger(_ length: Int) throws -> PickleValue {
        guard length <= Self.maximumIntegerLength else { return try data(length) }
        let bytes = Array(try reader.bytes(length))
        try charge(length / Self.valueLength)
        guard length <= 8 else { return .largeInteger(bytes) }
        let fill: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
        let bits = bytes.reversed().reduce(fill) { $0 << 8 | UInt64($1) }
        return .integer(Int(Int64(bitPattern: bits)))
    }

    private mutating func pushGlobal(_ opcode: PickleOpcode) throws {
        let module: String
        let name: String
        if opcode == .global {
            module = try reader.line(limit: Self.maximumNameLength)
            name = try reader.line(limit: Self.maximumNameLength)
        } else {
            let names = try pop(2).compactMap(\.string)
            guard names.count == 2, names.allSatisfy({ $0.utf8.count <= Self.maximumNameLength })
            else { throw flaw("a global without a proper name") }
            (module, name) = (names[0], names[1])
        }
        let global = PickleGlobal(module: module, name: name)
        if case .opaque(let name) = global { graph.opaqueGlobals.insert(name) }
        try push(.global(global), [])
    }

    /// What is called: a name, or what a call would have made, such as `getattr(Outer, 'Inner')`.
    private func callee(_ value: PickleValue) throws -> PickleGlobal {
        let kind = graph.node(value)?.kind
        if case .global(let global)? = kind { return global }
        if case .object(let name)? = kind { return .opaque(name) }
        throw flaw("a call of something that is not a name")
    }
}

// MARK: Objects

extension PickleReader {
    private mutating func reduce() throws {
        let operands = try pop(2)
        let callee = try callee(operands[0])
        guard let arguments = graph.tuple(operands[1]) else {
            throw flaw("a call without arguments")
        }
        switch callee {
        case .orderedDictionary where arguments.isEmpty: try push(.dictionary, [])
        case .size: try push(.tuple, arguments.first.flatMap(graph.tuple) ?? [])
        case .set:
            let items = arguments.first.flatMap(graph.node)?.items ?? []
            // The list may be extended later, which then copies it.
            try charge(items.count)
            try push(.set, items)
        case .rebuildTensor: try pushTensor(arguments, isTyped: false)
        case .rebuildTypedTensor: try pushTensor(arguments, isTyped: true)
        case .rebuildParameter: try push(parameter(arguments))
        case .rebuildFromType: try pushTensorOfType(arguments)
        case .orderedDictionary, .storage, .opaque: try push(.object(name: callee.name), [])
        }
    }

    private mutating func makeObject(_ operands: [PickleValue]) throws {
        let callee = try callee(operands[0])
        try push(.object(name: callee.name), [])
    }

    /// State of an object: only data, and none of it is needed. It must belong to something.
    private mutating func build() throws {
        _ = try pop()
        _ = try topNode()
    }

    private mutating func pushTensor(_ arguments: [PickleValue], isTyped: Bool) throws {
        guard let kind = graph.tensor(arguments, isTyped: isTyped) else {
            throw flaw(
                "a tensor with unexpected arguments, or more than \(TensorRecord.maximumRank) "
                    + "dimensions")
        }
        try push(kind, [])
    }

    /// `_rebuild_parameter(data, requires_grad, hooks[, state])`; the state, attributes that
    /// somebody set, is not needed.
    private func parameter(_ arguments: [PickleValue]) throws -> PickleValue {
        guard let data = arguments.first else { throw flaw("a parameter without a tensor") }
        let kind = graph.node(data)?.kind
        if case .tensor? = kind { return data }
        // A tensor of a kind that is not read.
        if case .object? = kind { return data }
        throw flaw("a parameter without a tensor")
    }

    /// `_rebuild_from_type_v2(function, type, arguments, state)`: a tensor with attributes, or of
    /// a subclass, which may mean anything.
    private mutating func pushTensorOfType(_ arguments: [PickleValue]) throws {
        guard arguments.count == 4, let inner = graph.tuple(arguments[2]) else {
            throw flaw("a tensor of a type with unexpected arguments")
        }
        let type = try callee(arguments[1])
        let plain = ["torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"]
        let function = try callee(arguments[0])
        let isTyped = function == .rebuildTypedTensor
        if plain.contains(type.name), isTyped || function == .rebuildTensor {
            try pushTensor(inner, isTyped: isTyped)
        } else {
            try push(.object(name: type.name), [])
        }
    }

    /// `('storage', class, key, location, count[, view])`; the location, such as `cuda:0`, says
    /// only where the tensor was.
    private mutating func pushStorage() throws {
        let id = try graph.tuple(pop()) ?? []
        // `('module', class, file, source)`: old files keep the source of classes.
        if id.count == 4, id[0].string == "module" { return try push(id[1]) }
        guard (5...6).contains(id.count), id[0].string == "storage",
            case .global(.storage(let type))? = graph.node(id[1])?.kind,
            let key = id[2].string, let count = id[4].integer, count >= 0
        else { throw flaw("an unexpected kind of storage") }
        let storage = StorageReference(
            key: key, type: type, count: count,
            window: try window(id.count == 6 ? id[5] : .none, count: count))
        if let other = graph.storages.updateValue(storage, forKey: key) {
            guard other.type == type, other.count == count else {
                throw flaw("storage \(key) is described in two ways")
            }
        }
        try push(.storage(storage), [])
    }

    /// `(key, offset, count)` of a view into a storage, or None.
    private func window(_ view: PickleValue, count: Int) throws -> Range<Int> {
        if case .none = view { return 0..<count }
        guard let view = graph.tuple(view), view.count == 3,
            let offset = view[1].integer, let size = view[2].integer, offset >= 0, size >= 0,
            let end = checkedSum(offset, size), end <= count
        else { throw flaw("a storage view that reaches outside its storage") }
        return offset..<end
    }
}
