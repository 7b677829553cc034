/// Multi-head self-attention: `qkv` (dim → 3·dim) and `proj` (dim → dim); the heads of a
/// Hi-Fi branch may hold fewer channels than the map.
public struct SelfAttentionWeights: Sendable {
    public let qkv: Affine
    public let projection: Affine

    public init(qkv: Affine, projection: Affine) {
        self.qkv = qkv
        self.projection = projection
    }
}

/// Spatial-reduction attention: `q` (dim → dim), `kv` (dim → 2·dim) and `proj` (dim → dim).
public struct SpatialReductionWeights: Sendable {
    /// `sr` (dim×dim×ratio×ratio) and `norm`.
    public struct Reduction: Sendable {
        public let convolution: Affine
        public let norm: Affine

        public init(convolution: Affine, norm: Affine) {
            self.convolution = convolution
            self.norm = norm
        }
    }

    public let query: Affine
    /// Nil for ratio 1.
    public let reduction: Reduction?
    public let keyValue: Affine
    public let projection: Affine

    public init(query: Affine, reduction: Reduction?, keyValue: Affine, projection: Affine) {
        self.query = query
        self.reduction = reduction
        self.keyValue = keyValue
        self.projection = projection
    }
}

/// Window attention: `qkv` (dim → 3·dim), `proj` (dim → dim) and a relative position bias.
public struct WindowAttentionWeights: Sendable {
    public let qkv: Affine
    public let projection: Affine
    /// `relative_position_bias_table`, (2·window − 1)²×heads: row
    /// (dy + window − 1)·(2·window − 1) + dx + window − 1 for a query dy below and dx right of its
    /// key; nil adds nothing.
    public let positionBias: [Float]?

    public init(qkv: Affine, projection: Affine, positionBias: [Float]? = nil) {
        self.qkv = qkv
        self.projection = projection
        self.positionBias = positionBias
    }
}
