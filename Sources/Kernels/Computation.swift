import Graphs

/// What a kernel of any family computes, without how: a family and its spec.
public struct Computation: Sendable, Hashable {
    private let base: any AnyComputation

    /// - Parameter family: its spec's.
    public init<Family: KernelFamily>(_ family: Family.Type, _ spec: Family.Spec) {
        base = Computed<Family>(spec: spec)
    }

    fileprivate init(_ base: any AnyComputation) { self.base = base }

    /// Names the family.
    public var family: String { base.family }
    public var role: KernelRole { base.role }
    public var operands: Operands { base.operands }
    public var macs: Int { base.macs }
    public var flops: Int { base.flops }
    public var traffic: Traffic { Traffic(operands) }
    /// Whether there is a choice of schedules.
    public var isTunable: Bool { base.isTunable }

    /// The spec, when it is of that family.
    public func spec<Family: KernelFamily>(as family: Family.Type) -> Family.Spec? {
        (base as? Computed<Family>)?.spec
    }

    /// With operands where the planner has put them.
    public func placed(_ placement: Placement) -> Computation {
        Computation(base.placed(placement))
    }

    /// What computations have in common that differ in the places of their operands alone. Nothing
    /// is computed of its sizes: they may be a file's.
    public var unplaced: Computation { Computation(base.unplaced) }

    /// The planner's choice; nil where other kernels are better.
    public func best(_ setting: Setting) -> Kernel? { base.best(setting) }

    /// The same with the schedule of `kernel`, which computes it at another size; nil of another
    /// family.
    public func kernel(scheduledAs kernel: Kernel) -> Kernel? { base.kernel(scheduledAs: kernel) }

    /// Every legal kernel, the most promising first.
    public func kernels(_ setting: Setting) -> [Kernel] { base.kernels(setting) }

    public static func == (left: Computation, right: Computation) -> Bool {
        left.base.hashable == right.base.hashable
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(base.hashable) }
}

private protocol AnyComputation: Sendable {
    var family: String { get }
    var role: KernelRole { get }
    var operands: Operands { get }
    var macs: Int { get }
    var flops: Int { get }
    var isTunable: Bool { get }
    var hashable: AnyHashable { get }
    var unplaced: any AnyComputation { get }
    func placed(_ placement: Placement) -> any AnyComputation
    func best(_ setting: Setting) -> Kernel?
    func kernel(scheduledAs kernel: Kernel) -> Kernel?
    func kernels(_ setting: Setting) -> [Kernel]
}

private struct Computed<Family: KernelFamily>: AnyComputation, Hashable {
    let spec: Family.Spec

    var family: String { Family.id }
    var role: KernelRole { Family.role }
    var operands: Operands { Family.operands(spec) }
    var macs: Int { Family.macs(spec) }
    var flops: Int { Family.flops(spec) }
    var isTunable: Bool { Family.hasChoice }
    var hashable: AnyHashable { AnyHashable(self) }
    var unplaced: any AnyComputation { Computed(spec: Family.unplaced(spec)) }

    func placed(_ placement: Placement) -> any AnyComputation {
        Computed(spec: Family.placed(spec, placement))
    }

    func best(_ setting: Setting) -> Kernel? {
        Family.schedules(spec, setting).best.map { Kernel(Family.self, spec, $0) }
    }

    func kernel(scheduledAs kernel: Kernel) -> Kernel? {
        kernel.schedule(of: Family.self).map { Kernel(Family.self, spec, $0) }
    }

    func kernels(_ setting: Setting) -> [Kernel] {
        Family.schedules(spec, setting).all().map { Kernel(Family.self, spec, $0) }
    }
}

/// A match of any family.
public typealias AnyMatch = Match<Computation>

extension AnyMatch {
    public var computation: Computation { spec }

    init<Family: KernelFamily>(_ family: Family.Type, _ match: Match<Family.Spec>) {
        self.init(
            Computation(family, match.spec), nodes: match.nodes, label: match.label,
            inputs: match.inputs, outputs: match.outputs, weights: match.weights)
    }
}

extension KernelRegistry {
    /// What the families make of `node` and nodes behind it, in the order of the registry.
    public static func matches(_ graph: Graph, at node: Int) -> [AnyMatch] {
        func match<Family: KernelFamily>(_ family: Family.Type) -> AnyMatch? {
            family.match(graph, at: node).map { AnyMatch(family, $0) }
        }
        return families.compactMap { match($0) }
    }
}
