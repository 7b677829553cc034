/// The closed list of names that mean something in a checkpoint. Everything else is `opaque`.
enum PickleGlobal: Equatable {
    case orderedDictionary, size, set
    case rebuildTensor, rebuildTypedTensor, rebuildParameter, rebuildFromType
    case storage(StorageType)
    case opaque(String)

    init(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch", "Size"): self = .size
        case ("__builtin__", "set"), ("builtins", "set"): self = .set
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTypedTensor
        case ("torch._utils", "_rebuild_parameter"),
            ("torch._utils", "_rebuild_parameter_with_state"):
            self = .rebuildParameter
        case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
        default:
            self =
                StorageType(module: module, name: name).map(Self.storage)
                ?? .opaque("\(module).\(name)")
        }
    }

    var name: String {
        switch self {
        case .orderedDictionary: "collections.OrderedDict"
        case .size: "torch.Size"
        case .set: "builtins.set"
        case .rebuildTensor: "torch._utils._rebuild_tensor_v2"
        case .rebuildTypedTensor: "torch._utils._rebuild_tensor_v3"
        case .rebuildParameter: "torch._utils._rebuild_parameter"
        case .rebuildFromType: "torch._tensor._rebuild_from_type_v2"
        case .storage(let type): type.name
        case .opaque(let name): name
        }
    }
}

/// A class of torch storages. All sizes are known, because legacy files need them to step over
/// storages; only some can become weights.
struct StorageType: Equatable {
    let name: String
    let itemSize: Int
    /// Nil for elements that no `StoredType` stands for.
    let elementType: StoredType?

    init?(module: String, name: String) {
        guard module == "torch" || (module == "torch.storage" && name == "UntypedStorage") else {
            return nil
        }
        let elementType: StoredType? =
            switch name {
            case "FloatStorage": .float32
            case "HalfStorage": .float16
            case "BFloat16Storage": .bfloat16
            case "DoubleStorage": .float64
            case "LongStorage": .int64
            default: nil
            }
        guard let size = elementType?.byteCount ?? Self.otherSizes[name] else { return nil }
        self.name = "\(module).\(name)"
        self.elementType = elementType
        itemSize = size
    }

    private static let otherSizes = [
        "BoolStorage": 1, "ByteStorage": 1, "CharStorage": 1, "UntypedStorage": 1,
        "QInt8Storage": 1, "QUInt8Storage": 1, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
        "ShortStorage": 2, "IntStorage": 4,
        "QInt32Storage": 4, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16,
    ]
}
