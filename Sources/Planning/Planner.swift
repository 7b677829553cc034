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
    private let target: Target
    private let decisions: Decisions

    public init(_ network: Network, _ target: Target, decisions: Decisions = Decisions()) {
        self.network = network
        self.target = target
        self.decisions = decisions
    }

    /// - Throws: `PlanError` when a decision does not fit the target.
    public func plan() throws -> Plan {
        let graph = Graph(network)
        let costModel = CostModel(isa: target.isa)
        let groups = graph.fused { shape in
            decisions.convFFN.map { $0[shape] != nil } ?? (costModel.tiling(for: shape) != nil)
        }
        var builder = PlanBuilder(
            graph: graph, storage: Storage(graph, groups), target: target, decisions: decisions)
        for group in groups { try builder.add(group) }
        return builder.plan(of: network)
    }
}

extension Plan {
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
        let rebuilt = try Planner(network, target, decisions: Planner.Decisions(of: self)).plan()
        guard rebuilt == self else {
            throw PlanError(
                "the plan is not consistent: its steps, offsets or weights do not follow from its "
                    + "network and tilings; generate it again")
        }
        return self
    }
}
