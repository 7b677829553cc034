/// One tensor of a checkpoint: what it is and where its elements lie in the file.
public struct TensorRecord: Sendable, Equatable {
    /// The name as the file has it, prefixes included.
    public let name: String
    /// PyTorch order; empty for a scalar.
    public let shape: [Int]
    public let elementType: StoredType

    /// The bytes of the storage, which other tensors may share.
    let storage: Range<Int>
    /// Of the first element, counted in elements from the start of the storage.
    let offset: Int
    /// Distance of neighbours along each dimension, in elements.
    let strides: [Int]
    /// Whether the values are the negatives of the stored ones.
    let isNegated: Bool
    /// Which of the checkpoint's files holds the storage.
    var file = 0
    /// Product of the shape.
    public let count: Int

    /// Bytes of the tensor when it is packed row-major.
    public var byteCount: Int { count * elementType.byteCount }

    static let maximumRank = 8
    static let maximumNameLength = 1024
    static let maximumCount = 100_000

    /// Checks that every element lies inside `storage`.
    ///
    /// - Precondition: `storage` lies inside the file and holds whole elements.
    init(
        name: String, shape: [Int], strides: [Int], offset: Int, elementType: StoredType,
        storage: Range<Int>, isNegated: Bool = false
    ) throws {
        try Self.check(name: name)
        guard shape.count <= Self.maximumRank else {
            throw Flaw.damaged(
                "tensor \(name) has \(shape.count) dimensions",
                expected: "at most \(Self.maximumRank)")
        }
        guard let count = checkedProduct(shape), strides.count == shape.count,
            checkedProduct([count, elementType.byteCount]) != nil,
            offset >= 0, strides.allSatisfy({ $0 >= 0 })
        else {
            throw Flaw.damaged(
                "tensor \(name) has an impossible layout: shape \(shape), "
                    + "strides \(strides), offset \(offset)")
        }
        let capacity = storage.count / elementType.byteCount
        guard count == 0 || Self.last(shape, strides, offset).map({ $0 < capacity }) == true else {
            throw Flaw.damaged(
                "tensor \(name) reaches outside its storage of \(capacity) elements: "
                    + "shape \(shape), strides \(strides), offset \(offset)")
        }
        self.name = name
        self.shape = shape
        self.strides = strides
        self.offset = offset
        self.elementType = elementType
        self.storage = storage
        self.isNegated = isNegated
        self.count = count
    }

    static func check(name: String) throws {
        guard name.utf8.count <= maximumNameLength else {
            throw Flaw.damaged(
                "has a tensor name of \(name.utf8.count) bytes, beginning \(name.prefix(40))",
                expected: "at most \(maximumNameLength) bytes")
        }
    }

    /// Index of the last element in the storage, or nil when it overflows; no size is 0.
    private static func last(_ shape: [Int], _ strides: [Int], _ offset: Int) -> Int? {
        var index = offset
        for (size, stride) in zip(shape, strides) {
            guard let reach = checkedProduct([size - 1, stride]),
                let next = checkedSum(index, reach)
            else { return nil }
            index = next
        }
        return index
    }

    /// Where the elements lie in the file if they are packed row-major, else nil.
    var packedRange: Range<Int>? {
        guard count > 0 else { return storage.lowerBound..<storage.lowerBound }
        guard !isNegated,
            zip(zip(shape, strides), Self.packedStrides(shape)).allSatisfy({ dimension, packed in
                dimension.0 == 1 || dimension.1 == packed
            })
        else { return nil }
        let start = storage.lowerBound + offset * elementType.byteCount
        return start..<start + byteCount
    }

    /// Row-major strides of a shape whose product does not overflow; all 0 for an empty tensor.
    static func packedStrides(_ shape: [Int]) -> [Int] {
        guard !shape.contains(0) else { return shape.map { _ in 0 } }
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        return strides
    }
}
