/// Reproducible values for weights and inputs without a file: a counter-based generator, so that
/// value i of a tensor depends on the seed, the tensor's name and i alone.
///
/// Tests/Oracle/seeded.py holds the same generator for PyTorch; both give the same bits. The mixing
/// function is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
public struct SeededValues: Sendable {
    private let key: UInt64

    public init(seed: UInt64, name: String) {
        // FNV-1a of the name.
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        key = Self.mix(hash ^ (seed &* 0x9e37_79b9_7f4a_7c15))
    }

    /// Value `index`: uniform in center ± scale, in steps of scale · 2^-23.
    public func value(_ index: Int, center: Double = 0, scale: Double = 1) -> Float {
        let bits = Self.mix(key &+ UInt64(index + 1) &* 0x9e37_79b9_7f4a_7c15)
        let unit = Double(Int(bits >> 40) - (1 << 23)) * 0x1p-23
        return Float(center + scale * unit)
    }

    /// The first `count` values.
    public func values(_ count: Int, center: Double = 0, scale: Double = 1) -> [Float] {
        (0..<count).map { value($0, center: center, scale: scale) }
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension Parameter {
    /// Values of a network without a checkpoint: weights keep the variance of their input, norms
    /// lie near the identity, the offsets of token merging reach over several pixels and outside
    /// the map, and relative position biases are as large as the scores they are added to.
    public func seededValues(seed: UInt64) -> [Float] {
        let (center, scale) = seededRange
        return SeededValues(seed: seed, name: name).values(count, center: center, scale: scale)
    }

    private var seededRange: (center: Double, scale: Double) {
        if name.hasSuffix("running_var") { return (1, 0.5) }
        if name.hasSuffix("conv_offset.bias") { return (0, 2) }
        if name.hasSuffix("relative_position_bias_table") { return (0, 2) }
        if shape.count > 1 {
            let fanIn = shape.dropFirst().reduce(1, *)
            return (0, (3 / Double(fanIn)).squareRoot())
        }
        return name.hasSuffix("weight") ? (1, 0.1) : (0, 0.1)
    }
}
