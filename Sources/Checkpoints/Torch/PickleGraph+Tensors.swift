// What the calls that rebuild tensors mean; none is carried out.
extension PickleGraph {
    /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`, and
    /// `_v3`, which has the type before the metadata.
    ///
    /// - Returns: nil when the arguments are not those of such a call; an inert object when its
    ///   metadata say something that is not known.
    func tensor(_ arguments: [PickleValue], isTyped: Bool) -> PickleNode.Kind? {
        let count = isTyped ? 7 : 6
        guard (count...count + 1).contains(arguments.count),
            case .storage(let storage)? = node(arguments[0])?.kind,
            let offset = arguments[1].integer,
            let shape = dimensions(arguments[2]),
            let strides = dimensions(arguments[3])
        else { return nil }
        guard let isNegated = negation(arguments.count > count ? arguments[count] : .none) else {
            return .object(name: "torch._utils._rebuild_tensor with unknown metadata")
        }
        var typeName = storage.type.name
        if isTyped {
            guard case .global(let type)? = node(arguments[6])?.kind else { return nil }
            typeName = type.name
        }
        return .tensor(
            TensorReference(
                storage: storage, offset: offset, shape: shape, strides: strides,
                isNegated: isNegated, typeName: typeName))
    }

    /// What the metadata of a tensor, `{'neg': True, 'conj': True}`, say of its sign; nil when they
    /// say anything else. The conjugate of a real number is the number.
    private func negation(_ metadata: PickleValue) -> Bool? {
        if case .none = metadata { return false }
        guard let pairs = pairs(metadata) else { return nil }
        var isNegated = false
        for (key, value) in pairs {
            guard case .boolean(let flag) = value else { return nil }
            switch key.string {
            case "neg": isNegated = flag
            case "conj": break
            default: return nil
            }
        }
        return isNegated
    }
}
