import Graphs

/// A HiLo layer on its own: input and output are `height · width` tokens of `dim` channels.
public struct HiLo: Sendable, Hashable, Codable {
    public let name: String
    public let dim: Int
    public let map: Resolution
    public let attention: HiLoAttention

    public init(
        name: String = "hilo", dim: Int, heads: Int, window: Int, alpha: Double = 0.9,
        qkvBias: Bool = true, qkScale: Double? = nil, height: Int = 14, width: Int = 14
    ) throws {
        self.name = name
        self.dim = dim
        map = Resolution(height: height, width: width)
        attention = HiLoAttention(
            heads: heads, window: window, alpha: alpha, qkvBias: qkvBias, qkScale: qkScale)
        try check()
    }

    public func check() throws {
        try checkMap()
        try attention.check(channels: dim, place: name)
    }

    public var parameters: [Parameter] { attention.parameters("", channels: dim) }

    public func at(_ map: Resolution) throws -> HiLo {
        try HiLo(
            name: name, dim: dim, heads: attention.heads, window: attention.window,
            alpha: attention.alpha, qkvBias: attention.qkvBias, qkScale: attention.qkScale,
            height: map.height, width: map.width)
    }
}
