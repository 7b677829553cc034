/// Height and width of an image (pixels) or of a token map (tokens).
public struct Resolution: Sendable, Hashable, Codable, CustomStringConvertible {
    public let height: Int
    public let width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    /// Tokens or pixels in all.
    public var count: Int { height * width }

    /// The map after a stride; what is left at the border is left out.
    public func divided(by stride: Int) -> Resolution {
        Resolution(height: height / stride, width: width / stride)
    }

    /// The map after a stride; what is left at the border is filled up.
    public func dividedRoundingUp(by stride: Int) -> Resolution {
        Resolution(
            height: height.dividedRoundingUp(by: stride), width: width.dividedRoundingUp(by: stride))
    }

    /// Whether squares of `side`×`side` fill it exactly.
    public func isDivided(by side: Int) -> Bool {
        height.isMultiple(of: side) && width.isMultiple(of: side)
    }

    public var description: String { "\(height)x\(width)" }
}

extension Int {
    /// How many parts of `size` cover it.
    public func dividedRoundingUp(by size: Int) -> Int { (self + size - 1) / size }

    /// The next multiple of `unit`.
    public func rounded(upTo unit: Int) -> Int { dividedRoundingUp(by: unit) * unit }
}
