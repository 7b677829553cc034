/// A map of tokens, row-major and channels-last; an image's channels are its planes.
public struct Tensor: Sendable, Hashable {
    public let map: Resolution
    public let channels: Int
    public internal(set) var type: ElementType
    /// Names the scales and offsets of integers; see `QuantisedTensor`.
    public internal(set) var scales: String?

    public init(map: Resolution, channels: Int, type: ElementType = .f32) {
        self.map = map
        self.channels = channels
        self.type = type
    }

    /// Tokens.
    public var rows: Int { map.count }
    /// The same, with how they follow from the input's size.
    public var tokens: TokenCount { TokenCount(map) }
}
