import Graphs
import Kernels
import Machines
import Networks

/// Every decision about a library: kernels, their schedules and order, where operands lie, and how
/// weights are packed. Planner and tuner both produce it, and generating C is a pure function of
/// it.
public struct Plan: Sendable, Equatable {
    /// Changes when plans or packed weights of older versions can no longer be used.
    public static let formatVersion = 4

    /// At the first of the resolutions.
    public let network: Network
    public let target: Target
    /// Packed weights, which all variants share.
    public let weights: [PackedTensor]
    /// One for each of the target's instruction sets.
    public package(set) var variants: [Variant]

    /// Floats of all packed weights.
    public var weightFloats: Int { weights.last.map { $0.offset + $0.count } ?? 0 }
    public var weightBytes: Int { 4 * weightFloats }

    public var resolutions: [Resolution] { variants[0].passes.map(\.resolution) }

    /// The variant of an instruction set; nil when there is none.
    public func variant(_ isa: ISA) -> Variant? { variants.first { $0.isa == isa } }
}

/// The kernels of one instruction set, and how the network runs with them.
public struct Variant: Sendable, Equatable {
    public let isa: ISA
    /// Each kernel once, for all resolutions. The tuner adds candidates, which no step uses.
    public package(set) var kernels: [Kernel]
    /// One for each resolution, at least one.
    public let passes: [Pass]
}

/// One forward pass: the network at one resolution.
public struct Pass: Sendable, Equatable {
    public let resolution: Resolution
    public let steps: [Step]
    /// Bytes of working memory for one image.
    public let arenaBytes: Int
    /// Bytes of working memory for one thread.
    public let scratchBytes: Int
    /// A batch runs in groups of this many images for each thread, so that the maps of a group are
    /// still in the caches when the next step reads them; 0 when all threads work on one image at a
    /// time.
    public let imagesPerThread: Int

    /// Maps that lie in the memory of outputs until the results come.
    public var lentMaps: Int {
        steps.flatMap(\.outputs).count { place in
            if case .lent = place.base { place.column == 0 } else { false }
        }
    }

    /// Who works on which images of a batch, in words.
    public var groupText: String {
        imagesPerThread == 0
            ? "one image at a time, by all threads together"
            : "\(imagesPerThread) of a batch's images in work at once for each thread"
    }
}

/// A kernel on its operands.
public struct Step: Sendable, Equatable {
    /// Index into the variant's kernels.
    public let kernel: Int
    public let label: String
    public let inputs: [Place]
    public let outputs: [Place]
    public let weights: [WeightPlace]
}

/// Where a token map lies.
public struct Place: Sendable, Equatable {
    public enum Base: Sendable, Equatable {
        case input
        /// Which of the network's outputs.
        case output(Int)
        /// Bytes of one image before it: maps of all images of a batch lie together, so the
        /// generated code multiplies by the batch.
        case arena(Int)
        /// Memory of an output that no step has written yet: bytes behind its first cache line. Only
        /// where images run one by one.
        case lent(output: Int, offset: Int)
    }

    public let base: Base
    /// Bytes before the first channel.
    public let column: Int
    /// Maps before it in a stack, where their tokens follow from the input's size, and bytes of a
    /// token.
    public let before: [MapRule]
    public let tokenBytes: Int

    init(base: Base, column: Int, before: [MapRule] = [], tokenBytes: Int = 0) {
        self.base = base
        self.column = column
        self.before = before
        self.tokenBytes = before.isEmpty ? 0 : tokenBytes
    }
}

/// A part of the packed weights.
public struct WeightPlace: Sendable, Equatable {
    /// Index into the plan's packed weights.
    public let block: Int
    /// Floats from the block's beginning.
    public let offset: Int
}

/// One block of the packed weights file, in the order in which the kernels read it.
public struct PackedTensor: Sendable, Equatable {
    public let name: String
    /// Floats from the beginning of the file's data; a multiple of 16 (a cache line).
    public let offset: Int
    public let packing: Packing

    public var count: Int { packing.count }
}

extension Plan {
    /// The plan with the kernels of one instruction set alone, and the same weights.
    public func only(_ isa: ISA) -> Plan? {
        guard let variant = variant(isa),
            let target = try? Target(
                isa: isa, precision: target.precision, maxBatch: target.maxBatch,
                kept: target.kept)
        else { return nil }
        return Plan(network: network, target: target, weights: weights, variants: [variant])
    }

    /// The network at one of the plan's resolutions.
    public func network(at resolution: Resolution) -> Network {
        guard let network = try? self.network.at(resolution) else {
            preconditionFailure("a plan's passes are of resolutions that its network takes")
        }
        return network
    }

    /// The kernels of each variant as they are at another size of the input, in the same order.
    ///
    /// - Parameter size: one of the recipe's.
    package func kernels(at size: Resolution) throws -> [[Kernel]] {
        guard let rule = network.resolution.inputRule else { return variants.map(\.kernels) }
        let resized = try Planner(
            network, target, resolutions: [Resolution(rule, as: size)],
            decisions: Decisions(of: self)
        ).plan()
        return zip(variants, resized.variants).map { variant, resized in
            let known = Dictionary(
                resized.kernels.map { ($0.computation, $0) }, uniquingKeysWith: { $1 })
            return variant.kernels.map { kernel in
                known[kernel.computation]?.computation.kernel(scheduledAs: kernel) ?? kernel
            }
        }
    }

    /// The packed weights that a step reads.
    public func weights(of step: Step) -> [PackedTensor] {
        step.weights.map { weights[$0.block] }
    }
}

extension Variant {
    /// The pass of a resolution; nil when there is none.
    public func pass(at resolution: Resolution) -> Pass? {
        passes.first { $0.resolution == resolution }
    }

    /// Multiply-accumulates of one image in a pass, as the kernels do them.
    public func macs(of pass: Pass) -> Int { pass.steps.reduce(0) { $0 + kernels[$1.kernel].macs } }
}
