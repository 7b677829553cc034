/// Height and width of an image (pixels) or of a token map (tokens).
///
/// Either they are fixed, or they follow from the input of a network that takes inputs of many
/// sizes. Then `height` and `width` are those of one of them, and what counts is the rule: two such
/// maps are equal when they follow from the input in the same way.
public struct Resolution: Sendable, CustomStringConvertible {
    public let height: Int
    public let width: Int
    /// How the map follows from the input; of maps behind one another, of each; empty when it is
    /// fixed.
    public let rules: [MapRule]

    public init(height: Int, width: Int) { self.init(height: height, width: width, rules: []) }

    /// An input of any size, with the size that it has for now.
    public init(_ rule: InputRule, as size: Resolution? = nil) {
        let size = size ?? rule.usual
        self.init(height: size.height, width: size.width, rules: [MapRule(rule)])
    }

    /// `maps` behind one another, which have no other shape than their number of tokens.
    public init(stacking maps: [Resolution]) {
        self.init(
            height: maps.reduce(0) { $0 + $1.count }, width: 1, rules: maps.flatMap(\.rules))
    }

    private init(height: Int, width: Int, rules: [MapRule]) {
        self.height = height
        self.width = width
        self.rules = rules
    }

    /// Tokens or pixels in all.
    public var count: Int { height * width }

    /// Whether the size follows from the input's.
    public var isFlexible: Bool { !rules.isEmpty }
    /// Of an input of any size: which sizes there are.
    public var inputRule: InputRule? { rules.first?.input }
    /// The size that it has for now, as a fixed one.
    public var fixed: Resolution { Resolution(height: height, width: width) }

    /// The map after a stride; what is left at the border is left out.
    public func divided(by stride: Int) -> Resolution {
        Resolution(
            height: height / stride, width: width / stride,
            rules: rules.map { $0.divided(by: stride, adding: 0) })
    }

    /// The map after a stride; what is left at the border is filled up.
    public func dividedRoundingUp(by stride: Int) -> Resolution {
        Resolution(
            height: height.dividedRoundingUp(by: stride),
            width: width.dividedRoundingUp(by: stride),
            rules: rules.map { $0.divided(by: stride, adding: stride - 1) })
    }

    /// So many times as high and as wide.
    public func multiplied(by factor: Int) -> Resolution {
        Resolution(
            height: factor * height, width: factor * width,
            rules: rules.map { $0.multiplied(by: factor) })
    }

    /// Whether squares of `side`×`side` fill it exactly, whatever its size.
    public func isDivided(by side: Int) -> Bool {
        (side == 1 || !isFlexible) && height.isMultiple(of: side) && width.isMultiple(of: side)
    }

    /// As people write it, and in names of C.
    public var description: String {
        guard isFlexible else { return "\(height)x\(width)" }
        guard rules != inputRule.map({ [MapRule($0)] }) else {
            return inputRule?.usual == fixed ? inputRule?.rawValue ?? "" : "\(height)x\(width)"
        }
        return rules.map(\.name).joined(separator: "_")
    }
}

extension Resolution: Hashable {
    public static func == (left: Resolution, right: Resolution) -> Bool {
        left.rules == right.rules
            && (left.isFlexible || (left.height == right.height && left.width == right.width))
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(rules)
        guard !isFlexible else { return }
        hasher.combine(height)
        hasher.combine(width)
    }
}

/// `{"height", "width"}`, and `"rules"` where it is not fixed.
extension Resolution: Codable {
    private enum CodingKeys: String, CodingKey { case height, width, rules }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            height: try container.decode(Int.self, forKey: .height),
            width: try container.decode(Int.self, forKey: .width),
            rules: try container.decodeIfPresent([MapRule].self, forKey: .rules) ?? [])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(height, forKey: .height)
        try container.encode(width, forKey: .width)
        if isFlexible { try container.encode(rules, forKey: .rules) }
    }
}

/// Tokens of a map, of maps behind one another, or rows of something else, which are fixed.
public struct TokenCount: Sendable, ExpressibleByIntegerLiteral {
    public let count: Int
    /// As a map's.
    public let rules: [MapRule]

    public init(integerLiteral value: Int) { self.init(value) }
    public init(_ count: Int) { self.init(count: count, rules: []) }
    public init(_ map: Resolution) { self.init(count: map.count, rules: map.rules) }

    private init(count: Int, rules: [MapRule]) {
        self.count = count
        self.rules = rules
    }

    public var isFlexible: Bool { !rules.isEmpty }

    /// A number, or the rules, in names of C.
    public var name: String {
        isFlexible ? rules.map(\.name).joined(separator: "_") : "\(count)"
    }
}

extension TokenCount: Hashable {
    public static func == (left: TokenCount, right: TokenCount) -> Bool {
        left.rules == right.rules && (left.isFlexible || left.count == right.count)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(rules)
        if !isFlexible { hasher.combine(count) }
    }
}

/// A number, and with `"rules"` where it is not fixed.
extension TokenCount: Codable {
    private enum CodingKeys: String, CodingKey { case count, rules }

    public init(from decoder: any Decoder) throws {
        if let count = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(count)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            count: try container.decode(Int.self, forKey: .count),
            rules: try container.decode([MapRule].self, forKey: .rules))
    }

    public func encode(to encoder: any Encoder) throws {
        guard isFlexible else {
            var container = encoder.singleValueContainer()
            return try container.encode(count)
        }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(rules, forKey: .rules)
    }
}

extension Int {
    /// How many parts of `size` cover it.
    public func dividedRoundingUp(by size: Int) -> Int { (self + size - 1) / size }

    /// The next multiple of `unit`.
    public func rounded(upTo unit: Int) -> Int { dividedRoundingUp(by: unit) * unit }
}
