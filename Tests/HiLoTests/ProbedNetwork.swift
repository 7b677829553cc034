import HiLoKit
import Reference

/// A segmenter or detector that returns the maps of its backbone and its pyramid too, behind its
/// own outputs: the same kernels compute them, and a copy of each leaves.
struct ProbedNetwork<Base: NetworkFamily>: NetworkWrapper {
    struct Probe {
        /// As in the fixtures: `stage2`, `p3`.
        let name: String
        let tensor: Int
    }

    static var id: String { "probed_" + Base.id }

    let base: Base

    var identity: NetworkIdentity { base.identity }

    func at(_ resolution: Resolution) throws -> Self { Self(base: try base.at(resolution)) }
    func reference(_ input: [Float], _ weights: ParameterReader) throws -> [[Double]] {
        try base.reference(input, weights)
    }

    /// Where the laterals read, and what the pyramid's convolutions write, the finest first.
    private var probes: [Probe] { Self.probes(in: base.graph) }

    private static func probes(in graph: Graph) -> [Probe] {
        func nodes(_ prefix: String) -> [Graph.Node] {
            (0..<6).flatMap { index in
                graph.nodes.filter { $0.label == "\(prefix).\(index).conv" }
            }
        }
        let laterals = nodes("neck.lateral_convs")
        let levels =
            nodes("neck.fpn_convs") + graph.nodes.filter { $0.label == "neck.subsample" }
        // The last stage is the fourth, and a pyramid's level has the number of its stage and one.
        let first = 5 - laterals.count
        return laterals.enumerated().map {
            Probe(name: "stage\(first + $0)", tensor: $1.inputs[0])
        } + levels.enumerated().map { Probe(name: "p\(first + 1 + $0)", tensor: $1.output) }
    }

    var outputs: [NetworkOutput] {
        let graph = base.graph
        return base.outputs
            + Self.probes(in: graph).enumerated().map { index, probe in
                let tensor = graph.tensors[probe.tensor]
                return NetworkOutput(
                    .featureMap(stage: index + 1, .planes),
                    shape: [tensor.channels, tensor.map.height, tensor.map.width],
                    dimensions: "channels, height, width")
            }
    }

    var graph: Graph {
        var graph = base.graph
        for probe in Self.probes(in: graph) {
            graph.returns(
                graph.add(
                    .featureMap(norm: nil, layout: .planes), [probe.tensor],
                    label: "probe.\(probe.name)"))
        }
        return graph
    }

    /// The names of all outputs in the fixtures; nil of what these have elsewhere.
    var fixtureNames: [String?] {
        base.outputs.map { output in
            switch output.kind {
            case .logits, .deltas: Base.self == MaskRCNN.self ? nil : output.name
            case .proposalLogits, .proposalDeltas: output.name
            default: nil
            }
        } + probes.map(\.name)
    }
}

extension Network {
    /// The same network with its maps as further outputs, and all outputs' names in the fixtures.
    var probed: (network: Network, names: [String?]) {
        func probed<Base: NetworkFamily>(_ base: Base) -> (Network, [String?]) {
            let network = ProbedNetwork(base: base)
            return (Network(network), network.fixtureNames)
        }
        return probed(base)
    }
}
