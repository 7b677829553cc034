import Graphs
import Reference

/// A network with heads that returns the maps which these read, each as that of a stage: all that a narrower
/// precision changes of it lies in front of them, but for Mask R-CNN's products on proposals, in bf16.
struct PyramidNetwork<Base: HeadNetwork>: NetworkWrapper {
    static var id: String { "pyramid_" + Base.id }

    let base: Base

    var outputs: [NetworkOutput] {
        let graph = graph
        return graph.outputs.enumerated().map { index, tensor in
            .featureMap(
                ofStage: Base.firstStage + index, graph.tensors[tensor].map, channels: base.channels
            )
        }
    }

    var graph: Graph {
        var graph = Graph(input: Tensor(map: resolution, channels: 3))
        for level in base.addPyramid(to: &graph) { graph.returns(level) }
        return graph.choosingConvolutions(base.convolutions)
    }

    /// Fewer matrices are packed than for the network itself.
    var identity: NetworkIdentity { NetworkIdentity(Self.id, base.identity.structure) }

    func at(_ resolution: Resolution) throws -> Self { Self(base: try base.at(resolution)) }

    func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        preconditionFailure("\(name): its maps have no reference of their own")
    }
}
