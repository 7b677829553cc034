import Graphs

/// What may be said of a network besides its name on the command line or its configuration; nil
/// leaves what is usual for it, or what the configuration says.
public struct ModelOptions: Sendable, Equatable {
    /// Prefix of the C symbols.
    public var name: String?
    public var resolution: Resolution?
    /// Share of Lo-Fi heads; in a LITv2 of every stage with attention.
    public var alpha: Double?
    /// Side of windows, in tokens; in a LITv2 of every stage whose window is above 1.
    public var window: Int?
    /// Outputs of the head; 0 is none.
    public var classes: Int?
    /// Makes a backbone that returns these maps.
    public var features: FeatureMaps?
    /// Makes a segmenter or a detector of a LITv2.
    public var head: HeadOptions?

    /// Channels of a token, of a single layer as what follows up to `ratio`.
    public var dim: Int?
    public var heads: Int?
    /// Tokens by which windows are shifted.
    public var shift: Int?
    /// Side of the squares that spatial reduction makes one token of.
    public var ratio: Int?
    /// Names of the tensors in the checkpoint of a layer or of a backbone, which may have some that
    /// others lack.
    public var parameters: Set<String> = []

    public init(
        name: String? = nil, resolution: Resolution? = nil, alpha: Double? = nil,
        window: Int? = nil, classes: Int? = nil, features: FeatureMaps? = nil
    ) {
        self.name = name
        self.resolution = resolution
        self.alpha = alpha
        self.window = window
        self.classes = classes
        self.features = features
    }

    /// Whether the checkpoint of a network with heads has a norm behind the backbone's first stage; nil
    /// when it is no such checkpoint.
    var normalisesFirst: Bool? {
        guard parameters.contains("backbone.norm1.weight") else { return nil }
        return parameters.contains("backbone.\(FeatureMaps.signOfFirstNorm)")
    }

    /// `features`, with a norm behind the first stage where the checkpoint has one. With a head all
    /// maps, whose size may be any: the stages are what counts for it.
    var featureMaps: FeatureMaps? {
        guard head == nil else { return FeatureMaps() }
        guard let features, parameters.contains(FeatureMaps.signOfFirstNorm) else {
            return self.features
        }
        return FeatureMaps(
            stages: features.stages, layout: features.layout, normalisesFirst: true)
    }
}
