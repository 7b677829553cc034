/// All sizes that a recipe gives to inputs: which one depends on the picture.
public enum InputRule: String, Sendable, Hashable, Codable, CaseIterable {
    /// The short side becomes 800 pixels, the long one 1333 at most; both are filled up to
    /// multiples of 32.
    case coco
    /// The short side becomes 512 pixels, the long one 2048 at most; nothing is filled up.
    case ade20k

    /// What most pictures get, for which schedules are chosen.
    public var usual: Resolution {
        switch self {
        case .coco: Resolution(height: 800, width: 1344)
        case .ade20k: Resolution(height: 512, width: 683)
        }
    }

    /// The longest of a short side, and of a long one.
    public var shortSide: Int { self == .coco ? 800 : 512 }
    public var longSide: Int { self == .coco ? 1344 : 2048 }
    /// Pictures that are so much longer than wide that the short side became less are left out.
    public var leastSide: Int { 32 }
    /// What sides are multiples of.
    public var unit: Int { self == .coco ? 32 : 1 }

    /// No other size is larger than one of these in both directions.
    public var largest: [Resolution] {
        [
            Resolution(height: shortSide, width: longSide),
            Resolution(height: longSide, width: shortSide),
        ]
    }

    /// Sizes that kernels are checked for: the largest ones, the narrowest, and one that nothing
    /// divides.
    public var samples: [Resolution] {
        let odd =
            self == .coco
            ? Resolution(height: 1344, width: 736) : Resolution(height: 389, width: 2048)
        return largest + [
            Resolution(height: leastSide, width: longSide),
            Resolution(height: longSide, width: leastSide), odd,
        ]
    }

    /// Whether a picture gets this size: it fills one side.
    public func holds(_ size: Resolution) -> Bool {
        let (short, long) = (min(size.height, size.width), max(size.height, size.width))
        return short >= leastSide && size.isDivided(by: unit)
            && short <= shortSide && long <= longSide
            && (short == shortSide || long == longSide)
    }
}

/// How a map's sides follow from those of an input of any size, both alike:
/// times · ⌊(side + offset) / divisor⌋. Divisions that are rounded up or down, one behind the other,
/// are one such division.
public struct MapRule: Sendable, Hashable, Codable {
    public let input: InputRule
    public let times, offset, divisor: Int

    /// The input itself.
    public init(_ input: InputRule) { self.init(input, times: 1, offset: 0, divisor: 1) }

    private init(_ input: InputRule, times: Int, offset: Int, divisor: Int) {
        self.input = input
        self.times = times
        self.offset = offset
        self.divisor = divisor
    }

    /// ⌊(⌊(s + a) / b⌋ + c) / d⌋ = ⌊(s + a + b·c) / (b·d)⌋.
    func divided(by stride: Int, adding rest: Int) -> MapRule {
        if stride == 1 { return self }
        precondition(times == 1, "an enlarged map is not divided")
        return MapRule(
            input, times: 1, offset: offset + divisor * rest, divisor: divisor * stride)
    }

    func multiplied(by factor: Int) -> MapRule {
        MapRule(input, times: times * factor, offset: offset, divisor: divisor)
    }

    /// Of an input with a side of that length.
    public func side(_ side: Int) -> Int { times * ((side + offset) / divisor) }

    /// As a part of names in C: `3by8`.
    public var name: String { "\(offset)by\(divisor)" + (times == 1 ? "" : "x\(times)") }
}
