import Graphs
import Machines

/// A kind of kernel: which operations of a graph it can stand for, how it can be computed, and the C
/// that does it.
///
/// Planner, tuner, predictions, reports and the generator know a family through this protocol alone.
/// Adding one is adding a folder here, a folder of templates, a file of tests and a line of
/// `KernelRegistry`.
public protocol KernelFamily: Sendable {
    /// What is computed: sizes, distances between tokens, element types.
    associatedtype Spec: Hashable & Codable & Sendable
    /// How; `Fixed` where there is no choice.
    associatedtype Schedule: Hashable & Codable & Sendable

    /// Names the family in plans, records and C.
    static var id: String { get }
    static var role: KernelRole { get }

    /// The nodes, from `node` on, that a kernel can stand for; nil when there are none. Its spec has
    /// dense operands.
    static func match(_ graph: Graph, at node: Int) -> Match<Spec>?
    /// Where the spec keeps the distances between tokens of its inputs and outputs, in their order, for
    /// the planner to choose. What comes behind the last has none of its own.
    static var inputStrides: [WritableKeyPath<Spec, Int>] { get }
    static var outputStrides: [WritableKeyPath<Spec, Int>] { get }
    static func operands(_ spec: Spec) -> Operands

    /// How it can be computed: the best guess first, then all that is legal.
    static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Schedule>
    /// - Throws: `ScheduleError` when the schedule, perhaps from a file, is not legal.
    static func check(_ spec: Spec, _ how: Schedule, _ isa: ISA) throws
    /// Bytes of working memory that a thread needs for itself.
    static func scratch(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> Int

    /// Multiply-accumulates of one image that the kernel really does.
    static func macs(_ spec: Spec) -> Int
    /// Arithmetic of one image: two operations for a multiply-accumulate.
    static func flops(_ spec: Spec) -> Int
    /// What the CPU does in a call with `batch` images, for predictions.
    static func work(_ spec: Spec, _ how: Schedule, _ isa: ISA, batch: Int) -> Work
    /// Weights that are worth fetching while the step before runs.
    static func stream(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> WeightStream?

    static func source(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelSource
    static func words(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> KernelWords
}

extension KernelFamily {
    public static var role: KernelRole { .other }
    public static var inputStrides: [WritableKeyPath<Spec, Int>] { [] }
    public static var outputStrides: [WritableKeyPath<Spec, Int>] { [] }
    public static func flops(_ spec: Spec) -> Int { 2 * macs(spec) }
    public static func stream(_ spec: Spec, _ how: Schedule, _ isa: ISA) -> WeightStream? { nil }
}

extension KernelFamily {
    /// Whether there is a choice of schedules.
    static var hasChoice: Bool { Schedule.self != Fixed.self }

    /// The spec with operands where the planner has put them.
    static func placed(_ spec: Spec, _ placement: Placement) -> Spec {
        var spec = spec
        for (path, stride) in zip(inputStrides, placement.inputStrides) {
            spec[keyPath: path] = stride
        }
        for (path, stride) in zip(outputStrides, placement.outputStrides) {
            spec[keyPath: path] = stride
        }
        return spec
    }

    /// What specs have in common that differ in places alone.
    static func unplaced(_ spec: Spec) -> Spec {
        (inputStrides + outputStrides).reduce(into: spec) { $0[keyPath: $1] = 0 }
    }
}

/// The schedule of kernels that can be computed in one way only.
public struct Fixed: Hashable, Codable, Sendable {
    public init() {}
}

extension KernelFamily where Schedule == Fixed {
    public static func schedules(_ spec: Spec, _ setting: Setting) -> Schedules<Fixed> {
        Schedules(best: Fixed()) { [Fixed()] }
    }
    public static func check(_ spec: Spec, _ how: Fixed, _ isa: ISA) {}
}

/// Schedules of one spec.
public struct Schedules<Schedule: Sendable>: Sendable {
    /// What the planner takes; nil where other kernels are better.
    public let best: Schedule?
    /// All that are legal, the most promising first.
    public let all: @Sendable () -> [Schedule]

    public init(best: Schedule?, all: @escaping @Sendable () -> [Schedule]) {
        self.best = best
        self.all = all
    }
}

/// What a kernel will run on.
public struct Setting: Sendable {
    public let machine: MachineModel
    /// Images of a call.
    public let batch: Int
    /// Images that a call may hold.
    public let maxBatch: Int

    public var isa: ISA { machine.isa }
    public var threads: Int { machine.cores }

    public init(machine: MachineModel, batch: Int, maxBatch: Int) {
        self.machine = machine
        self.batch = batch
        self.maxBatch = maxBatch
    }
}

/// Why a schedule is not legal.
public struct ScheduleError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
