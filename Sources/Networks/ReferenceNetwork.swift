import Reference

/// A network in double precision: what generated code must agree with.
public struct ReferenceNetwork: Sendable {
    private let network: Network
    private let weights: ParameterReader

    /// - Parameters:
    ///   - limits: beyond which values are cut off, as integers do it; `PackedWeights.limits()` has a library's.
    ///   - parameter: gives a tensor by its name in the authors' `state_dict`, in PyTorch's
    ///     order; an empty array stands for a tensor that is missing.
    public init(
        _ network: Network, limits: [String: Limits] = [:],
        parameter: @escaping @Sendable (String) -> [Float]
    ) {
        self.network = network
        weights = ParameterReader(network: network.name, limits: limits, parameter: parameter)
    }

    /// Computes all outputs of one image or one layer's tokens.
    ///
    /// - Parameters:
    ///   - input: values of `network.inputShape`.
    ///   - found: what the library returned, of which discrete outputs are continued; nil of a network
    ///     that has none.
    /// - Returns: values of `network.outputShapes`; an empty array for a discrete output.
    /// - Throws: `ReferenceError` when the input or a tensor has another size.
    public func outputs(_ input: [Float], continuing found: [[Float]]? = nil) throws -> [[Double]] {
        let expected = network.inputShape
        guard input.count == expected.reduce(1, *) else {
            throw ReferenceError(
                "\(network.name): the input has \(input.count) values; expected "
                    + "\(expected.reduce(1, *)), the shape \(expected)")
        }
        let discrete = network.outputs.enumerated().map { index, output in
            output.isDiscrete ? found?[index] : nil
        }
        return try network.base.reference(input, weights, continuing: discrete)
    }
}
