import Checkpoints
import Networks

/// Where a network's weights come from.
public enum WeightSource: Sendable {
    case checkpoint(Checkpoint)
    /// Reproducible values without a file, for tests and benchmarks.
    case seed(UInt64)

    /// The parameters of a network, and what of the checkpoint does not fit it but may be so.
    public struct Matched: Sendable {
        public let weights: Weights
        /// Names in the checkpoint that the network does not use.
        public let unused: [String]
        /// Norms of feature maps that a classifier's checkpoint does not have; they change nothing
        /// but centre and scale, as a new LayerNorm does.
        public let absent: [String]
    }

    /// The parameters of `network`.
    ///
    /// A backbone takes a classifier's checkpoint too.
    ///
    /// - Throws: `CheckpointError` that lists every missing, unexpected and misshapen tensor.
    public func weights(for network: Network) throws -> Weights { try matched(network).weights }

    /// The parameters of `network`, and what the checkpoint has beyond them or lacks.
    ///
    /// - Throws: as `weights(for:)`.
    public func matched(_ network: Network) throws -> Matched {
        switch self {
        case .checkpoint(let checkpoint): return try Self.matched(network, checkpoint)
        case .seed(let seed):
            return Matched(
                weights: Self.seeded(network.parameters, seed), unused: [], absent: [])
        }
    }

    private static func matched(_ network: Network, _ checkpoint: Checkpoint) throws -> Matched {
        let isBackbone = network.isBackbone
        let expected = network.parameters.map { ExpectedTensor(name: $0.name, shape: $0.shape) }
        let found = try checkpoint.weights(
            matching: expected, optional: network.optionalParameters, allowingUnused: isBackbone)
        let fresh = network.parameters.filter { found.absent.contains($0.name) }
            .map { parameter in
                let value: Float = parameter.name.hasSuffix(".weight") ? 1 : 0
                return (parameter.name, [Float](repeating: value, count: parameter.count))
            }
        return Matched(
            weights: found.weights.adding(Dictionary(uniqueKeysWithValues: fresh)),
            unused: found.unused, absent: found.absent)
    }

    /// What the packed file says of its origin: never a path, since files travel.
    public var label: String {
        switch self {
        case .checkpoint: "checkpoint"
        case .seed(let seed): "seed \(seed)"
        }
    }

    private static func seeded(_ parameters: [Parameter], _ seed: UInt64) -> Weights {
        let tensors = concurrentMap(parameters) { $0.seededValues(seed: seed) }
        return Weights(
            Dictionary(uniqueKeysWithValues: zip(parameters.map(\.name), tensors)))
    }
}
