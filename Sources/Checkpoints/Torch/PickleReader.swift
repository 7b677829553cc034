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
    static let maximumStringLength = 1 << 20
    static let maximumIntegerLength = 16
    private static let maximumNameLength = 1 << 10

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
        case .none: try push(.none)
        case .newTrue: try push(.boolean(true))
        case .newFalse: try push(.boolean(false))
        case .int32: try push(.integer(Int(try reader.integer(Int32.self))))
        case .int8: try push(.integer(Int(try reader.byte())))
        case .int16: try push(.integer(Int(try reader.integer(UInt16.self))))
        case .long1: try push(longInteger(Int(try reader.byte())))
        case .float:
            let bits = UInt64(bigEndian: try reader.integer(UInt64.self).littleEndian)
            try push(.float(Double(bitPattern: bits)))
        case .unicode: try push(string(Int(try reader.integer(UInt32.self))))
        case .shortUnicode, .shortString: try push(string(Int(try reader.byte())))
        case .emptyTuple: try push(.tuple, [])
        case .tuple: try push(.tuple, popToMark())
        case .tuple1: try push(.tuple, pop(1))
        case .tuple2: try push(.tuple, pop(2))
        case .tuple3: try push(.tuple, pop(3))
        case .emptyList: try push(.list, [])
        case .emptyDictionary: try push(.dictionary, [])
        case .emptySet: try push(.set, [])
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
        case .newObject: try makeObject()
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
            throw flaw("more open values than any checkpoint has")
        }
        stack.append(value)
    }

    /// Counts values, so that time and memory are bounded whatever the opcodes say.
    private mutating func charge(_ values: Int) throws {
        charged += values
        guard charged <= Self.maximumValues else {
            throw flaw("more values than any checkpoint has")
        }
    }

    private mutating func openMark() throws {
        guard marks.count < Self.maximumStack else {
            throw flaw("more open marks than any checkpoint has")
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
        guard memo.count <= Self.maximumStack else {
            throw flaw("more remembered values than any checkpoint has")
        }
    }

    private mutating func recall(_ index: Int) throws {
        guard let value = memo[index] else { throw flaw("no value \(index) is remembered") }
        try push(value)
    }
}

// MARK: Literals and names

extension PickleReader {
    private mutating func string(_ length: Int) throws -> PickleValue {
        guard length <= Self.maximumStringLength else {
            throw flaw("a string of \(length) bytes")
        }
        return .string(try reader.string(length))
    }

    private mutating func longInteger(_ length: Int) throws -> PickleValue {
        guard length <= Self.maximumIntegerLength else {
            throw flaw("an integer of \(length) bytes")
        }
        let bytes = Array(try reader.bytes(length))
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

    private func global(_ value: PickleValue) throws -> PickleGlobal {
        guard case .global(let global)? = graph.node(value)?.kind else {
            throw flaw("a call of something that is not a name")
        }
        return global
    }
}

// MARK: Objects

extension PickleReader {
    private mutating func reduce() throws {
        let operands = try pop(2)
        let callee = try global(operands[0])
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
        case .rebuildTensor: try push(.tensor(tensor(arguments)), [])
        case .rebuildParameter:
            guard let parameter = arguments.first, case .tensor? = graph.node(parameter)?.kind
            else { throw flaw("a parameter without a tensor") }
            try push(parameter)
        case .orderedDictionary, .storage, .opaque: try push(.object(name: callee.name), [])
        }
    }

    private mutating func makeObject() throws {
        let callee = try global(pop(2)[0])
        try push(.object(name: callee.name), [])
    }

    /// State of an object: only data, and none of it is needed. It must belong to something.
    private mutating func build() throws {
        _ = try pop()
        _ = try topNode()
    }

    /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`
    private func tensor(_ arguments: [PickleValue]) throws -> TensorReference {
        guard (6...7).contains(arguments.count),
            case .storage(let storage)? = graph.node(arguments[0])?.kind,
            let offset = arguments[1].integer,
            let shape = graph.dimensions(arguments[2]),
            let strides = graph.dimensions(arguments[3])
        else {
            throw flaw(
                "a tensor with unexpected arguments, or more than \(TensorRecord.maximumRank) "
                    + "dimensions")
        }
        return TensorReference(storage: storage, offset: offset, shape: shape, strides: strides)
    }

    /// `('storage', class, key, location, count[, view])`; the location, such as `cuda:0`, says
    /// only where the tensor was.
    private mutating func pushStorage() throws {
        guard let id = graph.tuple(try pop()), (5...6).contains(id.count),
            id[0].string == "storage",
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
