/// All families of networks.
public enum NetworkRegistry {
    public static let families: [any NetworkFamily.Type] = [
        LITv2.self,
        HiLo.self,
        MSA.self,
        SRA.self,
        WindowMSA.self,
        SemanticFPN.self,
        RetinaNet.self,
        MaskRCNN.self,
    ]

    /// Networks with a name on the command line.
    public static let models: [NamedModel] = families.flatMap { $0.models }
}

/// A network that a name and some options describe.
public struct NamedModel: Sendable {
    /// What a person may say of a network.
    public enum Option: String, Sendable, CaseIterable {
        case alpha, window, shift, ratio, classes, features, dim, heads, head
    }

    public let name: String
    /// Those that the network has.
    public let options: Set<Option>
    /// Those that must be given.
    public let required: Set<Option>
    /// The network.
    ///
    /// - Throws: `NetworkError` when the options do not make one.
    public let network: @Sendable (ModelOptions) throws -> Network

    public init(
        _ name: String, options: Set<Option>, required: Set<Option> = [],
        network: @escaping @Sendable (ModelOptions) throws -> Network
    ) {
        self.name = name
        self.options = options
        self.required = required
        self.network = network
    }
}
