/// The floats of a token map that a kernel touches: `rows` tokens of `width` floats, `stride`
/// apart; of a map in planes, `rows` planes of `width` tokens.
public struct TokenExtent: Sendable, Equatable {
    public let rows: Int
    public let width: Int
    /// Floats from one token to the next.
    public let stride: Int

    init(rows: Int, width: Int, stride: Int? = nil) {
        self.rows = rows
        self.width = width
        self.stride = stride ?? width
    }

    /// Bytes that are read or written.
    public var bytes: Int { 4 * rows * width }
    /// Floats from the first token to the end of the last one's stride.
    var span: Int { rows * stride }
}

/// The token maps of one image that a kernel works on.
public struct KernelExtents: Sendable, Equatable {
    public let input: TokenExtent
    /// The residual of a GEMM, keys and values of an attention.
    public let second: TokenExtent?
    public let output: TokenExtent
}

/// Bytes that a kernel cannot do without, when every value moves once.
public struct Traffic: Sendable, Equatable {
    /// Tokens of one image that are read.
    public let input: Int
    /// Tokens of one image that are written.
    public let output: Int
    /// Of one call, however many images it has; without padding.
    public let weights: Int

    public init(input: Int, output: Int, weights: Int) {
        self.input = input
        self.output = output
        self.weights = weights
    }

    /// Of one call with `batch` images.
    public func total(batch: Int) -> Int { (input + output) * batch + weights }
}

extension Kernel {
    /// What has to move at least, from the shapes of operands and weights.
    public var traffic: Traffic {
        let extents = extents
        return Traffic(
            input: extents.input.bytes + (extents.second?.bytes ?? 0), output: extents.output.bytes,
            weights: 4 * weightFloats)
    }

    /// Arithmetic of one image: two operations for a multiply-accumulate; where there are none, the
    /// sums, differences and products of a LayerNorm (seven a value) or the sums of a mean.
    public var flops: Int {
        switch self {
        case .layerNorm(let kernel): 7 * kernel.rows * kernel.channels
        case .averagePool(let kernel): kernel.map.count * kernel.channels
        case .meanPool(let kernel): kernel.rows * kernel.channels
        case .featureMap(let kernel):
            kernel.isNormalised ? 7 * kernel.map.count * kernel.channels : 0
        default: 2 * macs
        }
    }

    private var weightFloats: Int {
        switch self {
        case .gemm(let kernel): (kernel.shape.k + 1) * kernel.shape.n
        case .layerNorm(let kernel): 2 * kernel.channels
        case .depthwiseGELU(let kernel): (9 + 1) * kernel.channels
        case .sampling(let kernel): 8 * (4 * kernel.channels + 1)
        case .convFFN(let kernel):
            kernel.shape.hidden * (2 * kernel.shape.channels + 11) + kernel.shape.channels
        // Keys and values of tokens beyond the map.
        case .hiFiAttention(let kernel): kernel.bias == nil ? 0 : 2 * kernel.channels
        case .featureMap(let kernel): kernel.isNormalised ? 2 * kernel.channels : 0
        case .patches, .averagePool, .meanPool, .loFiAttention: 0
        }
    }

    /// The token maps of one image: input, second input and output.
    public var extents: KernelExtents {
        switch self {
        case .gemm(let kernel): kernel.shape.extents
        case .hiFiAttention(let kernel): kernel.extents
        case .loFiAttention(let kernel): kernel.shape.extents
        case .layerNorm(let kernel):
            .onePass(TokenExtent(rows: kernel.rows, width: kernel.channels))
        case .depthwiseGELU(let kernel):
            .onePass(
                TokenExtent(rows: kernel.map.count, width: kernel.channels, stride: kernel.stride))
        case .patches(let kernel): kernel.extents
        case .averagePool(let kernel):
            KernelExtents(
                input: TokenExtent(rows: kernel.map.count, width: kernel.channels), second: nil,
                output: TokenExtent(rows: kernel.pooled.count, width: kernel.channels))
        case .convFFN(let kernel): kernel.shape.extents
        case .meanPool(let kernel):
            KernelExtents(
                input: TokenExtent(rows: kernel.rows, width: kernel.channels), second: nil,
                output: TokenExtent(rows: 1, width: kernel.channels))
        case .sampling(let kernel):
            KernelExtents(
                input: TokenExtent(rows: kernel.map.count, width: kernel.channels), second: nil,
                output: TokenExtent(
                    rows: kernel.merged.count, width: 4 * kernel.channels,
                    stride: kernel.outputStride))
        case .featureMap(let kernel): kernel.extents
        }
    }
}

extension KernelExtents {
    fileprivate static func onePass(_ extent: TokenExtent) -> KernelExtents {
        KernelExtents(input: extent, second: nil, output: extent)
    }
}

extension Patches {
    fileprivate var extents: KernelExtents {
        KernelExtents(
            input: TokenExtent(rows: image.count, width: 3), second: nil,
            output: TokenExtent(rows: map.count, width: 3 * side * side))
    }
}

extension GEMM.Shape {
    fileprivate var extents: KernelExtents {
        let output = TokenExtent(rows: rows, width: n, stride: outputStride)
        return KernelExtents(
            input: TokenExtent(rows: rows, width: k, stride: inputStride),
            second: epilogue == .residual ? output : nil, output: output)
    }
}

extension ConvFFN.Shape {
    fileprivate var extents: KernelExtents {
        let tokens = TokenExtent(rows: map.count, width: channels)
        return KernelExtents(input: tokens, second: tokens, output: tokens)
    }
}

extension HiFiAttention {
    fileprivate var extents: KernelExtents {
        KernelExtents(
            input: TokenExtent(rows: map.count, width: 3 * channels, stride: inputStride),
            second: nil,
            output: TokenExtent(rows: map.count, width: channels, stride: outputStride))
    }
}

extension FeatureMap {
    fileprivate var extents: KernelExtents {
        let tokens = TokenExtent(rows: map.count, width: channels)
        let planes = TokenExtent(rows: channels, width: map.count)
        return KernelExtents(
            input: tokens, second: nil, output: layout == .planes ? planes : tokens)
    }
}

extension LoFiAttention.Shape {
    fileprivate var extents: KernelExtents {
        let channels = heads * headDim
        return KernelExtents(
            input: TokenExtent(rows: queries, width: channels, stride: queryStride),
            second: TokenExtent(rows: keys, width: 2 * channels, stride: keyStride),
            output: TokenExtent(rows: queries, width: channels, stride: outputStride))
    }
}
