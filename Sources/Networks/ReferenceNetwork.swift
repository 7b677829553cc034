import Reference

/// A network in double precision: what generated code must agree with.
public struct ReferenceNetwork: Sendable {
    private let network: Network
    private let weights: ParameterReader

    /// - Parameter parameter: gives a tensor by its name in the authors' `state_dict`, in PyTorch's
    ///   order; an empty array stands for a tensor that is missing.
    public init(_ network: Network, parameter: @escaping @Sendable (String) -> [Float]) {
        self.network = network
        weights = ParameterReader(network: network.name, parameter: parameter)
    }

    /// Computes all outputs of one image or one layer's tokens.
    ///
    /// - Parameter input: values of `network.inputShape`.
    /// - Returns: values of `network.outputShapes`.
    /// - Throws: `ReferenceError` when the input or a tensor has another size.
    public func outputs(_ input: [Float]) throws -> [[Double]] {
        let expected = network.inputShape
        guard input.count == expected.reduce(1, *) else {
            throw ReferenceError(
                "\(network.name): the input has \(input.count) values; expected "
                    + "\(expected.reduce(1, *)), the shape \(expected)")
        }
        return try network.base.reference(input, weights)
    }
}
