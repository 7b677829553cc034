import Graphs
import Kernels
import Machines
import Networks

/// Turns a network into a plan: finds kernels for its operations, chooses their schedules, places maps
/// in the arena and lays out the weights.
public struct Planner: Sendable {
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
    ///   `NetworkError` when the network does not take one of them, or has too many weights.
    public func plan() throws -> Plan {
        guard resolutions.count == 1 || !resolutions.contains(where: \.isFlexible) else {
            throw PlanError(
                "resolutions \(resolutions.map(\.description).joined(separator: ", ")): a library "
                    + "for all sizes of a recipe holds no other one")
        }
        guard Set(resolutions).count == resolutions.count else {
            throw PlanError(
                "resolutions \(resolutions.map(\.description).joined(separator: ", ")): each can "
                    + "be planned once")
        }
        let networks = try resolutions.map { try network.at($0) }
        try networks[0].base.checkSize()
        try target.kept.check(layersOf: networks[0])
        let passes = try networks.map { try PlannedGraph($0, target) }
        var weights = WeightTable()
        let variants = try target.isas.map { try variant($0, passes, &weights) }
        for tensor in networks[0].quantised(target) where !weights.tell(scalesOf: tensor.name) {
            _ = try weights.index(of: WeightBlock("scales of \(tensor.name)", .scales(tensor)))
        }
        return Plan(
            network: networks[0], target: target, weights: weights.tensors, variants: variants)
    }

    private func variant(
        _ isa: ISA, _ passes: [PlannedGraph], _ weights: inout WeightTable
    ) throws -> Variant {
        var builder = VariantBuilder(
            setting: Setting(
                machine: MachineModel(isa: isa), batch: 1, maxBatch: target.maxBatch),
            decisions: decisions, weights: weights)
        let planned = try passes.map {
            try builder.pass(of: $0.graph, at: $0.resolution, others: $0.others)
        }
        weights = builder.weights
        return Variant(isa: isa, kernels: builder.kernels, passes: planned)
    }
}

/// A network's graph, and the same at other sizes of its input where that may have many.
private struct PlannedGraph {
    let resolution: Resolution
    let graph: Graph
    let others: [Graph]

    init(_ network: Network, _ target: Target) throws {
        resolution = network.resolution
        guard resolution.inputRule == nil || resolution.inputRule == network.inputRule else {
            throw PlanError(
                "resolution \(resolution): "
                    + (network.inputRule.map { "this network's pictures follow \($0.rawValue)" }
                        ?? "this network takes fixed sizes only"))
        }
        graph = network.graph.planned(target)
        others =
            try resolution.inputRule.map { rule in
                try rule.samples.map {
                    try network.at(Resolution(rule, as: $0)).graph.planned(target)
                }
            } ?? []
    }
}

extension Plan {
    /// The same networks on the same target, planned with other decisions.
    ///
    /// - Throws: `PlanError` when one of them does not fit.
    public func replanned(with decisions: Decisions = .init()) throws -> Plan {
        try Planner(network, target, resolutions: resolutions, decisions: decisions).plan()
    }
}
