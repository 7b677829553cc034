import Graphs

/// What may be said of a network that has a name; nil stands for what is usual for it.
public struct ModelOptions: Sendable, Equatable {
    /// Prefix of the C symbols.
    public var name: String?
    public var resolution: Resolution?
    /// Share of Lo-Fi heads.
    public var alpha: Double?
    /// Side of windows, in tokens.
    public var window: Int?
    public var classes: Int?
    /// The maps that a backbone returns.
    public var features: FeatureMaps?
    /// Channels of a token.
    public var dim: Int?
    public var heads: Int?

    public init() {}

    /// The options that are given.
    public var given: [NamedModel.Option] {
        let all: [(NamedModel.Option, Bool)] = [
            (.alpha, alpha != nil), (.window, window != nil), (.classes, classes != nil),
            (.features, features != nil), (.dim, dim != nil), (.heads, heads != nil),
        ]
        return all.filter(\.1).map(\.0)
    }
}
