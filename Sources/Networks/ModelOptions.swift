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
    /// Tokens by which windows are shifted.
    public var shift: Int?
    /// Side of the squares that spatial reduction makes one token of.
    public var ratio: Int?
    /// Names of the tensors in the layer's checkpoint, which may have some that others lack.
    public var parameters: Set<String> = []
    public var classes: Int?
    /// The maps that a backbone returns.
    public var features: FeatureMaps?
    /// Channels of a token.
    public var dim: Int?
    public var heads: Int?

    public init() {}
}
