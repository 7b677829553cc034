/// Weight and bias of a Linear layer, a convolution or a norm, in PyTorch's order.
public struct Affine: Sendable {
    /// Linear out×in, convolution out×in×kh×kw, norm one value a channel.
    public let weight: [Float]
    /// One value an output; nil adds nothing.
    public let bias: [Float]?
    /// What values are cut off at, channel by channel: those that enter a Linear layer, or that leave a LayerNorm. nil
    /// cuts nothing off, and other operators have none.
    public let limits: Limits?

    public init(weight: [Float], bias: [Float]?, limits: Limits? = nil) {
        self.weight = weight
        self.bias = bias
        self.limits = limits
    }
}

/// The least and the greatest value of each channel.
public typealias Limits = [ClosedRange<Double>]

/// BatchNorm with its running statistics, one value a channel each.
public struct BatchNormWeights: Sendable {
    public let affine: Affine
    public let mean: [Float]
    public let variance: [Float]

    public init(affine: Affine, mean: [Float], variance: [Float]) {
        self.affine = affine
        self.mean = mean
        self.variance = variance
    }
}

/// The Lo-Fi branch: `l_q` (dim → l_dim), `l_kv` (dim → 2·l_dim) and `l_proj` (l_dim → l_dim).
public struct LoFiWeights: Sendable {
    public let query: Affine
    public let keyValue: Affine
    public let projection: Affine

    public init(query: Affine, keyValue: Affine, projection: Affine) {
        self.query = query
        self.keyValue = keyValue
        self.projection = projection
    }
}

/// Both branches of HiLo attention; a branch without heads is nil.
public struct HiLoWeights: Sendable {
    /// `h_qkv` (dim → 3·h_dim) and `h_proj` (h_dim → h_dim).
    public let hiFi: SelfAttentionWeights?
    public let loFi: LoFiWeights?

    public init(hiFi: SelfAttentionWeights?, loFi: LoFiWeights?) {
        self.hiFi = hiFi
        self.loFi = loFi
    }
}

/// ConvFFN: `fc1` (C → hidden), `dwconv` (hidden×1×3×3) and `fc2` (hidden → C).
public struct ConvFFNWeights: Sendable {
    public let expand: Affine
    public let depthwise: Affine
    public let contract: Affine

    public init(expand: Affine, depthwise: Affine, contract: Affine) {
        self.expand = expand
        self.depthwise = depthwise
        self.contract = contract
    }
}

/// Deformable token merging: `conv_offset` (8×C×2×2), `dconv` (2C×C×2×2) and the BatchNorm.
public struct TokenMergingWeights: Sendable {
    public let offset: Affine
    public let convolution: Affine
    public let norm: BatchNormWeights

    public init(offset: Affine, convolution: Affine, norm: BatchNormWeights) {
        self.offset = offset
        self.convolution = convolution
        self.norm = norm
    }
}
