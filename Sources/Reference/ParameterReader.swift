/// Why the reference cannot compute something, and what to change.
public struct ReferenceError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Gets the operators' weights by their checkpoint names, with the sizes the network implies.
public struct ParameterReader: Sendable {
    let network: String
    let parameter: @Sendable (String) -> [Float]
    private let limits: [String: Limits]
    /// What stands before all names.
    private var prefix = ""

    /// - Parameters:
    ///   - network: a name for messages.
    ///   - limits: those of Linear layers and norms, after their parameters.
    ///   - parameter: a tensor by its name, in PyTorch's order; empty when it is missing.
    public init(
        network: String, limits: [String: Limits] = [:],
        parameter: @escaping @Sendable (String) -> [Float]
    ) {
        self.network = network
        self.limits = limits
        self.parameter = parameter
    }

    /// The tensors of a part whose names begin so.
    public func under(_ prefix: String) -> ParameterReader {
        var part = self
        part.prefix += prefix
        return part
    }

    /// - Throws: `ReferenceError` when it has another number of values.
    public func tensor(_ name: String, count: Int) throws -> [Float] {
        let name = prefix + name
        let values = parameter(name)
        guard values.count == count else {
            throw ReferenceError(
                "\(network): \(name) has \(values.count) values where the network needs \(count); "
                    + "use the weights of this network")
        }
        return values
    }

    /// `name.weight` of `fanIn` values an output, and `name.bias`; with what cuts values off.
    ///
    /// - Throws: `ReferenceError` when one of them has another number of values.
    public func affine(
        _ name: String, fanIn: Int = 1, outputs: Int, bias: Bool = true
    ) throws -> Affine {
        let limits = limits[prefix + name]
        // A norm has a value a channel.
        let channels = fanIn == 1 ? outputs : fanIn
        guard limits?.count ?? channels == channels else {
            throw ReferenceError(
                "\(network): \(prefix + name) has limits of \(limits?.count ?? 0) channels, and \(channels) channels"
            )
        }
        return Affine(
            weight: try tensor("\(name).weight", count: outputs * fanIn),
            bias: bias ? try tensor("\(name).bias", count: outputs) : nil,
            limits: limits)
    }

    /// `name.weight` and `name.bias` of a norm, and its running statistics.
    public func batchNorm(_ name: String, channels: Int) throws -> BatchNormWeights {
        BatchNormWeights(
            affine: try affine(name, outputs: channels),
            mean: try tensor("\(name).running_mean", count: channels),
            variance: try tensor("\(name).running_var", count: channels))
    }
}
