import Networks

/// Every decision about a library: kernels, their tilings and order, where operands lie, and how
/// weights are packed. The cost model and the tuner both produce it, and generating C is a pure
/// function of it.
public struct Plan: Sendable, Equatable, Codable {
    /// Changes when plans or packed weights of older versions can no longer be used.
    public static let formatVersion = 3

    public let formatVersion: Int
    /// At the first of the resolutions.
    public let network: Network
    public let target: Target
    /// Each kernel once, for all resolutions. The tuner adds candidates, which no step uses.
    public package(set) var kernels: [Kernel]
    /// One for each resolution, at least one.
    public let passes: [Pass]
    /// Of all passes.
    public let weights: [PackedTensor]

    /// Floats of all packed weights.
    public var weightFloats: Int { weights.last.map { $0.offset + $0.count } ?? 0 }

    public var resolutions: [Resolution] { passes.map(\.resolution) }
}

/// One forward pass: the network at one resolution.
public struct Pass: Sendable, Equatable, Codable {
    public let resolution: Resolution
    public let steps: [Step]
    /// Floats of working memory for one image.
    public let arenaFloats: Int
    /// Floats of working memory for one thread.
    public let scratchFloats: Int
    /// A batch runs in groups of this many images for each thread, so that the maps of a group are
    /// still in the caches when the next step reads them.
    public let imagesPerThread: Int
}

extension Plan {
    /// Of the first resolution.
    public var steps: [Step] { passes[0].steps }
    public var arenaFloats: Int { passes[0].arenaFloats }
    public var scratchFloats: Int { passes[0].scratchFloats }
    public var imagesPerThread: Int { passes[0].imagesPerThread }

    /// Multiply-accumulates of one image at the first resolution, as the kernels do them.
    public var macs: Int { steps.reduce(0) { $0 + kernels[$1.kernel].macs } }

    /// The packed weights that a step reads; a fused ConvFFN reads those of the three kernels it
    /// stands for.
    public func weights(of step: Step) -> ArraySlice<PackedTensor> {
        guard let first = step.weights else { return [] }
        let isConvFFN = if case .convFFN = kernels[step.kernel] { true } else { false }
        return weights[first..<first + (isConvFFN ? 3 : 1)]
    }

    /// The plan of one resolution alone, with the same packed weights; nil when there is none.
    public func at(_ resolution: Resolution) -> Plan? {
        guard let pass = passes.first(where: { $0.resolution == resolution }),
            let network = try? network.at(resolution)
        else { return nil }
        let used = Set(pass.steps.map(\.kernel)).sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(used, used.indices))
        return Plan(
            formatVersion: formatVersion, network: network, target: target,
            kernels: used.map { kernels[$0] },
            passes: [
                Pass(
                    resolution: resolution,
                    steps: pass.steps.map { $0.calling(places[$0.kernel] ?? 0) },
                    arenaFloats: pass.arenaFloats, scratchFloats: pass.scratchFloats,
                    imagesPerThread: pass.imagesPerThread)
            ], weights: weights)
    }
}

/// A kernel on its operands.
public struct Step: Sendable, Equatable, Codable {
    public let kernel: Int
    public let label: String
    public let input: Operand
    /// Residual of a GEMM; keys and values of an attention.
    public let second: Operand?
    public let output: Operand
    /// Index into the plan's packed weights; of several that lie behind one another, the first.
    public let weights: Int?

    fileprivate func calling(_ kernel: Int) -> Step {
        Step(
            kernel: kernel, label: label, input: input, second: second, output: output,
            weights: weights)
    }
}

/// Where a token map lies.
public struct Operand: Sendable, Equatable, Codable {
    public enum Base: String, Sendable, Codable { case input, output, arena }
    public let base: Base
    /// In the arena, floats of one image before it: maps of all images of a batch lie together, so
    /// the generated code multiplies by the batch. Of outputs, which one.
    public let offset: Int
    /// Floats before the first channel.
    public let column: Int
}

/// One block of the packed weights file, in the order in which the kernels read it.
public struct PackedTensor: Sendable, Equatable, Codable {
    /// How values of the checkpoint are laid out.
    public enum Layout: Sendable, Equatable, Codable {
        /// Panels of `panel` columns over K, then the bias; rows of several sources follow each
        /// other, and a BatchNorm behind them is folded in.
        case panels(sources: [LinearSource], panel: Int, batchNorm: String?)
        /// gamma, then beta, each padded to `padded` floats.
        case norm(parameter: String, channels: Int, padded: Int)
        /// Nine taps, then the bias, each padded.
        case depthwise(parameter: String, channels: Int, padded: Int)
        /// Eight filters of four points, each padded, then 8 biases.
        case offsets(parameter: String, channels: Int, padded: Int)
    }

    public let name: String
    /// Floats from the beginning of the file's data; a multiple of 16 (a cache line).
    public let offset: Int
    public let count: Int
    public let layout: Layout
}
