import Checkpoints
import Networks

extension LITv2 {
    /// The network that a training checkpoint describes in its `config`; nil when it carries none.
    ///
    /// - Throws: `NetworkError` when the configuration is not one of LITv2.
    public init?(
        configurationOf checkpoint: Checkpoint, overrides: ModelOptions = .init()
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
