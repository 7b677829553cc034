import Networks

/// Every decision about a library: kernels, their tilings and order, where operands lie, and how
/// weights are packed. The cost model and the tuner both produce it, and generating C is a pure
/// function of it.
public struct Plan: Sendable, Equatable, Codable {
    /// Changes when plans or packed weights of older versions can no longer be used.
    public static let formatVersion = 1

    public let formatVersion: Int
    public let network: Network
    public let target: Target
    /// Each kernel once. The tuner adds candidates, which no step uses.
    public package(set) var kernels: [Kernel]
    public let steps: [Step]
    /// Floats of working memory for one image.
    public let arenaFloats: Int
    /// Floats of working memory for one thread.
    public let scratchFloats: Int
    public let weights: [PackedTensor]

    /// Floats of all packed weights.
    public var weightFloats: Int { weights.last.map { $0.offset + $0.count } ?? 0 }

    /// Multiply-accumulates of one image, as the kernels do them.
    public var macs: Int { steps.reduce(0) { $0 + kernels[$1.kernel].macs } }
}

/// A kernel on its operands.
public struct Step: Sendable, Equatable, Codable {
    public let kernel: Int
    public let label: String
    public let input: Operand
    /// Residual of a GEMM; keys and values of an attention.
    public let second: Operand?
    public let output: Operand
    /// Index into the plan's packed weights.
    public let weights: Int?
}

/// Where a token map lies.
public struct Operand: Sendable, Equatable, Codable {
    public enum Base: String, Sendable, Codable { case input, output, arena }
    public let base: Base
    /// Floats of one image before it; in the arena, maps of all images of a batch lie together, so
    /// the generated code multiplies by the batch.
    public let offset: Int
    /// Floats before the first channel.
    public let column: Int
}

/// One block of the packed weights file, in the order in which the kernels read it.
public struct PackedTensor: Sendable, Equatable, Codable {
    /// How values of the checkpoint are laid out.
    public indirect enum Layout: Sendable, Equatable, Codable {
        /// Panels of `panel` columns over K, then the bias; rows of several sources follow each
        /// other, and a BatchNorm behind them is folded in.
        case panels(sources: [LinearSource], panel: Int, batchNorm: String?)
        /// gamma, then beta, each padded to `padded` floats.
        case norm(parameter: String, channels: Int, padded: Int)
        /// Nine taps, then the bias, each padded.
        case depthwise(parameter: String, channels: Int, padded: Int)
        /// Several parts behind one another: the weights of a kernel that fuses others.
        case sequence([Layout])
        /// Eight filters of four points, each padded, then 8 biases.
        case offsets(parameter: String, channels: Int, padded: Int)
    }

    public let name: String
    /// Floats from the beginning of the file's data; a multiple of 16 (a cache line).
    public let offset: Int
    public let count: Int
    public let layout: Layout
}
