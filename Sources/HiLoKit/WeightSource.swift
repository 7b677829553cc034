import Checkpoints
import Foundation
import Networks

/// Where a network's weights come from.
public enum WeightSource: Sendable {
    case checkpoint(Checkpoint)
    /// Reproducible values without a file, for tests and benchmarks.
    case seed(UInt64)

    /// The parameters of `network`, and the names in the checkpoint that it does not use.
    ///
    /// - Throws: `CheckpointError` that lists every missing, unexpected and misshapen tensor.
    public func weights(for network: Network) throws -> Weights {
        switch self {
        case .checkpoint(let checkpoint):
            let expected = network.parameters.map { ExpectedTensor(name: $0.name, shape: $0.shape) }
            return try checkpoint.weights(matching: expected).weights
        case .seed(let seed):
            return Self.seeded(network.parameters, seed)
        }
    }

    /// What the packed file says of its origin: never a path, since files travel.
    var label: String {
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

extension LITv2 {
    /// The network that a training checkpoint describes in its `config`; nil when it carries none.
    ///
    /// - Throws: `NetworkError` when the configuration is not one of LITv2.
    public init?(
        configurationOf checkpoint: Checkpoint, overrides: ConfigurationOverrides = .init()
    ) throws {
        guard let value = checkpoint.configuration else { return nil }
        try self.init(
            configuration: ConfigurationTree(value), source: "\(checkpoint.path), config",
            overrides: overrides)
    }
}

extension ConfigurationTree {
    fileprivate init(_ value: ConfigurationValue) {
        switch value {
        case .null: self = .null
        case .boolean(let flag): self = .bool(flag)
        case .integer(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .list(let items): self = .list(items.map(ConfigurationTree.init))
        case .dictionary(let entries):
            self = .dictionary(
                entries.sorted { $0.key < $1.key }
                    .map { (key: $0.key, value: ConfigurationTree($0.value)) })
        case .opaque(let name): self = .string(name)
        }
    }
}

/// `transform` of every element, on all cores, in order.
func concurrentMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ transform: @Sendable (Element) -> Result
) -> [Result] {
    var results = [Result?](repeating: nil, count: elements.count)
    results.withUnsafeMutableBufferPointer { buffer in
        // Every iteration writes its own element.
        nonisolated(unsafe) let target = buffer
        DispatchQueue.concurrentPerform(iterations: elements.count) { index in
            target[index] = transform(elements[index])
        }
    }
    return results.compactMap { $0 }
}
