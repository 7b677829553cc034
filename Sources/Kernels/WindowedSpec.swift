import Graphs

/// What is computed inside windows of a map whose tokens hold q, k and v of all heads.
public protocol WindowedSpec {
    var map: Resolution { get }
    var heads: Int { get }
    var headDim: Int { get }
    /// Tokens of a side.
    var window: Int { get }
    /// Elements from one token to the next.
    var inputStride: Int { get }
    var outputStride: Int { get }
    /// What the output's elements are; nil is single precision.
    var output: ElementType? { get }
}

extension WindowedSpec {
    public var channels: Int { heads * headDim }
    public var keys: Int { window * window }
    /// Whether windows have tokens beyond the map. They are zero before the linear operator that
    /// made q, k and v, so its bias is their q, k and v.
    /// Some of a map of any size may have.
    public var isPadded: Bool { !map.isDivided(by: window) }
    var windows: Int { map.dividedRoundingUp(by: window).count }

    public var qkv: Operand { Operand(rows: map.count, width: 3 * channels, stride: inputStride) }
    public var attended: Operand {
        Operand(rows: map.count, width: channels, stride: outputStride, type: output)
    }
}
