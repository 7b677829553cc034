import Graphs

/// A network of any family.
public struct Network: Sendable, Equatable, Codable {
    public let base: any NetworkFamily

    public init(_ base: any NetworkFamily) { self.base = base }

    public var name: String { base.name }
    public var summary: String { base.summary }
    public var resolution: Resolution { base.resolution }
    public var image: EvaluationRecipe? { base.image }
    public var pictureScale: PictureScale? { base.pictureScale }
    /// The recipe whose sizes of inputs one library can serve, all of them; nil when it is for
    /// fixed ones.
    public var inputRule: InputRule? { base.inputRule }
    public var inputShape: [Int] { base.inputShape }
    /// Shapes that an array with the values of one image may have.
    public var inputShapes: [[Int]] {
        image != nil
            ? [inputShape]
            : [inputShape, [resolution.height, resolution.width] + inputShape.dropFirst()]
    }
    public var outputs: [NetworkOutput] { base.outputs }
    public var outputShapes: [[Int]] { outputs.map(\.shape) }
    public var labels: [String] { base.labels }
    public var parameters: [Parameter] { base.parameters }
    public var optionalParameters: Set<String> { base.optionalParameters }
    public var graph: Graph { base.graph }
    /// The network that returns the maps which its heads read, with the same weights; nil of one without heads.
    public var pyramid: Network? { base.pyramid }
    public var identity: NetworkIdentity { base.identity }
    public var costs: [Cost] { base.costs }

    /// Multiply-accumulates of one image, as the authors of the network count them.
    public var macs: Int { costs.reduce(0) { $0 + $1.macs } }

    /// Number of learned scalars; running statistics are not learned and do not count.
    public var parameterCount: Int {
        parameters.filter { !$0.isStatistic }.reduce(0) { $0 + $1.count }
    }

    /// How many classes it tells apart; nil when it does not.
    public var classes: Int? { outputs[0].kind == .classes ? outputs[0].count : nil }

    /// Whether its outputs are the maps of stages.
    public var isBackbone: Bool { outputs[0].stage != nil }

    /// Why values of one of the discrete outputs cannot be right; nil when they may be.
    ///
    /// - Parameter found: all outputs of the same run and image.
    public func flaw(
        in values: [Float], ofOutput index: Int, beside found: [[Float]]
    ) -> String? {
        base.flaw(in: values, ofOutput: index, beside: found)
    }

    /// The same network at another resolution.
    ///
    /// - Throws: `NetworkError` when it does not take that.
    public func at(_ resolution: Resolution) throws -> Network {
        Network(try base.at(resolution))
    }

    /// Checks a network that was decoded rather than constructed.
    ///
    /// - Throws: `NetworkError` as its initialiser does.
    public func check() throws { try base.check() }

    public static func == (left: Network, right: Network) -> Bool {
        AnyHashable(left.base) == AnyHashable(right.base)
    }
}

// MARK: - Codable

extension Network {
    private enum CodingKeys: String, CodingKey { case family, network }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let id = try container.decode(String.self, forKey: .family)
        guard let family = NetworkRegistry.families.first(where: { $0.id == id }) else {
            let known = NetworkRegistry.families.map { $0.id }.joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                forKey: .family, in: container,
                debugDescription: "no network family '\(id)' is known; there are \(known)")
        }
        func decode<Family: NetworkFamily>(_ type: Family.Type) throws -> any NetworkFamily {
            try container.decode(type, forKey: .network)
        }
        base = try decode(family)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type(of: base).id, forKey: .family)
        try container.encode(base, forKey: .network)
    }
}
