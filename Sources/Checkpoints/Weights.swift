/// A tensor that a network needs.
public struct ExpectedTensor: Sendable, Equatable {
    public let name: String
    /// PyTorch order; empty for a scalar.
    public let shape: [Int]

    public init(name: String, shape: [Int]) {
        self.name = name
        self.shape = shape
    }
}

/// The values of a network's tensors under the network's own names, row-major in PyTorch order.
public struct Weights: Sendable, Equatable {
    private let values: [String: [Float]]

    public init(_ values: [String: [Float]]) { self.values = values }

    /// The values of a tensor.
    ///
    /// - Precondition: `name` is one of `names`: weights are matched with a network before use.
    public subscript(name: String) -> [Float] {
        guard let tensor = values[name] else { preconditionFailure("no weights named \(name)") }
        return tensor
    }

    /// These and others, which take the place of equal names.
    public func adding(_ others: [String: [Float]]) -> Weights {
        Weights(values.merging(others) { $1 })
    }

    /// Sorted.
    public var names: [String] { values.keys.sorted() }
}
