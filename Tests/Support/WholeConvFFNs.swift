import Graphs
import Kernels
import Machines
import Networks

extension Network {
    /// For each ConvFFN a kernel that computes all of it, however small its map is.
    ///
    /// - Parameter isOfIntegers: whether its products are.
    public func wholeConvFFNs(on isa: ISA, isOfIntegers: Bool = false) -> [Kernel] {
        let graph = isOfIntegers ? graph.folded.quantised() : graph.folded
        let setting = Setting(machine: MachineModel(isa: isa), batch: 1, maxBatch: 8)
        return graph.nodes.indices.flatMap { KernelRegistry.matches(graph, at: $0) }
            .filter { $0.computation.family == FusedConvFFN.id }
            .compactMap { $0.computation.kernels(setting).first }
    }
}
