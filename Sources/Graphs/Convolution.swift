/// How a 3×3 convolution runs over its maps.
public struct Convolution: Sendable, Hashable {
    /// How its sums are taken.
    public enum Method: String, Sendable, Hashable, Codable, CaseIterable {
        /// Nine products for each output and channel.
        case direct
        /// F(2×2, 3×3) and F(4×4, 3×3) of Lavin & Gray (arXiv 1509.09308): 2.25 and 4 times fewer products, and a
        /// larger error.
        case winograd2, winograd4
    }

    /// Its inputs' maps, which lie behind one another.
    public let maps: MapList
    /// 1 or 2; sizes are rounded up.
    public let stride: Int
    public internal(set) var method: Method

    public init(maps: MapList, stride: Int = 1, method: Method = .direct) {
        self.maps = maps
        self.stride = stride
        self.method = method
    }

    /// The outputs' maps.
    public var outputs: MapList { maps.dividedRoundingUp(by: stride) }
}

/// Maps behind one another along the tokens: a pyramid, or the same map many times.
public struct MapList: Sendable, Hashable, Codable, CustomStringConvertible {
    public let maps: [Resolution]
    /// How often all of them come.
    public let copies: Int

    public init(_ maps: [Resolution], copies: Int = 1) {
        self.maps = maps
        self.copies = copies
    }

    /// The sizes that they have for now, as fixed ones.
    public var fixed: MapList { MapList(maps.map(\.fixed), copies: copies) }
    /// Whether their sizes follow from the input's.
    public var isFlexible: Bool { maps[0].isFlexible }
    public var rules: [MapRule] { maps.flatMap(\.rules) }

    /// Tokens in all.
    public var count: Int { copies * maps.reduce(0) { $0 + $1.count } }

    /// As a tensor's map, which has no other shape.
    public var stacked: Resolution {
        if copies == 1 { return maps.count == 1 ? maps[0] : Resolution(stacking: maps) }
        return Resolution(height: count, width: 1)
    }

    public func dividedRoundingUp(by stride: Int) -> MapList {
        MapList(maps.map { $0.dividedRoundingUp(by: stride) }, copies: copies)
    }

    public var description: String {
        maps.map(\.description).joined(separator: "_") + (copies == 1 ? "" : "_times\(copies)")
    }
}
