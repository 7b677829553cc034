import Graphs
import Reference

/// A network that returns what would be integers of 8 bits in it, and not its own outputs: single
/// precision, so that a library of it measures which scales these integers need.
///
/// Each such tensor is the map of a "stage", in the order of `Graph.quantisable`. What only the
/// network's own outputs need is not computed; of a detector that leaves a backbone.
struct ObservedNetwork<Base: NetworkFamily>: NetworkWrapper {
    /// A tensor of the graph that is returned.
    private struct Observed: Hashable, Codable {
        let tensor: Int
        let map: Resolution
        let channels: Int
    }

    static var id: String { "observed_" + Base.id }

    let base: Base
    /// Kept, because finding them asks much of a graph.
    private let observed: [Observed]

    /// - Precondition: `base` has such tensors.
    init(_ base: Base) {
        self.base = base
        let graph = base.graph.folded
        observed = graph.quantisable.map {
            Observed(
                tensor: $0.tensor, map: graph.tensors[$0.tensor].map, channels: $0.channels)
        }
        precondition(!observed.isEmpty, "\(base.name): no tensor can be of integers")
    }

    var outputs: [NetworkOutput] {
        observed.enumerated().map { index, tensor in
            .featureMap(ofStage: index + 1, tensor.map, channels: tensor.channels)
        }
    }

    /// Who makes an observed tensor is the same with and without folding.
    var graph: Graph { base.graph.computing(observed.map(\.tensor)) }

    /// Fewer matrices are packed than for the network itself.
    var identity: NetworkIdentity { NetworkIdentity(Self.id, base.identity.structure) }

    func at(_ resolution: Resolution) throws -> Self { Self(try base.at(resolution)) }

    func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        preconditionFailure("\(name): what is observed has no reference of its own")
    }
}

extension Network {
    /// The tensors that can be integers of 8 bits.
    public var quantisable: [QuantisedTensor] { graph.folded.quantisable }

    /// The layers that can be of integers, in all or in their matrices alone.
    public var quantisableLayers: [String] { graph.folded.quantisableLayers }

    /// The layers with products that can be on bf16.
    public var roundedLayers: [String] { graph.folded.loweredLayers(to: .bf16) }

    /// The network that returns those tensors, each as a feature map; nil when there are none.
    public var observed: Network? {
        func observed(_ base: some NetworkFamily) -> Network { Network(ObservedNetwork(base)) }
        return quantisable.isEmpty ? nil : observed(base)
    }
}
