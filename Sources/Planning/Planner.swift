import Networks

/// Turns a network into a plan: fuses operators into kernels, chooses tilings, places maps in the
/// arena and lays out the weights.
public struct Planner: Sendable {
    /// Tilings that were settled otherwise, by the tuner or by a plan from a file.
    public struct Decisions: Sendable, Equatable {
        public var gemm: [GEMM.Shape: GEMM.Tiling] = [:]
        public var attention: [LoFiAttention.Shape: LoFiAttention.Tiling] = [:]
        /// ConvFFNs that are one kernel; nil leaves it to the cost model.
        public var convFFN: [ConvFFN.Shape: ConvFFN.Tiling]?

        public init() {}

        /// The decisions that a plan holds.
        public init(of plan: Plan) {
            convFFN = [:]
            for kernel in plan.kernels {
                switch kernel {
                case .convFFN(let kernel): convFFN?[kernel.shape] = kernel.tiling
                case .gemm(let kernel): gemm[kernel.shape] = kernel.tiling
                case .loFiAttention(let kernel): attention[kernel.shape] = kernel.tiling
                default: break
                }
            }
        }
    }

    private let network: Network
    private let resolutions: [Resolution]
    private let target: Target
    private let decisions: Decisions

    /// - Parameter resolutions: those of the library, the first being the default; empty stands for
    ///   the network's own.
    public init(
        _ network: Network, _ target: Target, resolutions: [Resolution] = [],
        decisions: Decisions = Decisions()
    ) {
        self.network = network
        self.target = target
        self.resolutions = resolutions.isEmpty ? [network.resolution] : resolutions
        self.decisions = decisions
    }

    /// - Throws: `PlanError` when a decision does not fit the target, or resolutions repeat;
    ///   `NetworkError` when the network does not take one of them.
    public func plan() throws -> Plan {
        guard Set(resolutions).count == resolutions.count else {
            throw PlanError(
                "resolutions \(resolutions.map(\.description).joined(separator: ", ")): each can "
                    + "be planned once")
        }
        var parts = PlanParts()
        let passes = try resolutions.map { try pass(network.at($0), &parts) }
        return Plan(
            formatVersion: Plan.formatVersion, network: try network.at(resolutions[0]),
            target: target, kernels: parts.kernels, passes: passes, weights: parts.weights)
    }

    private func pass(_ network: Network, _ parts: inout PlanParts) throws -> Pass {
        let graph = Graph(network)
        let costModel = CostModel(isa: target.isa)
        let groups = graph.fused { shape in
            decisions.convFFN.map { $0[shape] != nil } ?? (costModel.tiling(for: shape) != nil)
        }
        var builder = PlanBuilder(
            graph: graph, storage: Storage(graph, groups), target: target, decisions: decisions,
            parts: parts)
        for group in groups { try builder.add(group) }
        parts = builder.parts
        return builder.pass(at: network.resolution)
    }
}

extension Plan {
    /// The same networks on the same target, planned with other decisions.
    ///
    /// - Throws: `PlanError` when one of them does not fit.
    public func replanned(with decisions: Planner.Decisions = .init()) throws -> Plan {
        try Planner(network, target, resolutions: resolutions, decisions: decisions).plan()
    }

    /// Checks that this plan, perhaps from a file, is what the planner makes of its decisions.
    ///
    /// Everything in a plan but the tilings follows from network and target, so a plan that was
    /// damaged or comes from another version differs from its own reconstruction.
    public func validated() throws -> Plan {
        guard formatVersion == Plan.formatVersion else {
            throw PlanError(
                "the plan has format version \(formatVersion), this HiLo reads "
                    + "\(Plan.formatVersion); generate it again")
        }
        try network.check()
        try target.check()
        guard !passes.isEmpty, resolutions[0] == network.resolution else {
            throw PlanError(
                "the plan is not consistent: it has no pass at its network's resolution; "
                    + "generate it again")
        }
        let rebuilt = try replanned(with: Planner.Decisions(of: self))
        guard rebuilt == self else {
            throw PlanError(
                "the plan is not consistent: its steps, offsets or weights do not follow from its "
                    + "network and tilings; generate it again")
        }
        return self
    }
}
