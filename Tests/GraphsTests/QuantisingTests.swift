import Networks
import TestFixtures
import Testing

@testable import Graphs

/// Quantising makes integers of what enters products, names their scales, and changes nothing else.
@Suite struct QuantisingTests {
    @Test func whoReadsIntegersKnowsTheirScales() throws {
        for network in try Sample.networks() {
            let graph = network.graph.folded.quantised()
            for node in graph.nodes {
                let input = graph.tensors[node.inputs[0]], output = graph.tensors[node.output]
                #expect((output.type == .int8) == (output.scales != nil), "\(node.label)")
                switch node.operation {
                case .linear(let linear):
                    #expect(linear.inputScales == input.scales, "\(node.label)")
                    #expect(linear.element == input.type, "\(node.label)")
                    let isOfMean = linear.layer == "head"
                    #expect(linear.matrix == (isOfMean ? .int8 : input.type), "\(node.label)")
                case .averagePool: #expect(input.scales == output.scales, "\(node.label)")
                default:
                    #expect(
                        node.inputs.allSatisfy { graph.tensors[$0].type == .f32 }, "\(node.label)")
                }
            }
            for output in graph.outputs { #expect(graph.tensors[output].type == .f32) }
        }
    }

    /// Every product is on integers, has a matrix of them for a reason, or is on bf16 or in single precision for one.
    @Test func productsAreOnIntegersOrThereIsAReason() throws {
        for network in try Sample.networks() {
            let graph = network.graph.folded
            let products = graph.quantised().nodes.filter { $0.operation.linear != nil }
            let others = products.filter { $0.operation.linear?.element != .int8 }.map(\.label)
            let told =
                graph.withIntegerMatrices + graph.unquantisable
                + graph.quantised().unlowered(to: .bf16)
            #expect(told.map(\.label).sorted() == others.sorted(), "\(network.name)")
            let lowered = graph.quantised().lowered(to: .bf16).nodes.filter {
                graph.withIntegerMatrices.map(\.label).contains($0.label)
            }
            for linear in lowered.compactMap(\.operation.linear) {
                #expect(linear.element == .f32 && linear.matrix == .int8, "\(network.name)")
            }
        }
    }

    /// v of an attention that writes integers is divided by their scales, and nothing else is.
    @Test func attentionsDivideTheirValues() throws {
        var attentions = 0
        for network in try Sample.networks() {
            let graph = network.graph.folded.quantised()
            var divided: [String: Int] = [:]
            for case let linear? in graph.nodes.map(\.operation.linear) {
                guard let outputs = linear.outputScales else { continue }
                divided[outputs.name] = linear.outputs - outputs.firstRow
            }
            let found = graph.nodes.filter {
                switch $0.operation {
                case .windowAttention, .globalAttention: graph.tensors[$0.output].type == .int8
                default: false
                }
            }
            attentions += found.count
            for node in found {
                let output = graph.tensors[node.output]
                #expect(divided[output.scales ?? ""] == output.channels, "\(node.label)")
            }
            #expect(divided.count == found.count, "\(network.name)")
        }
        #expect(attentions > 4)
    }

    /// Of the published networks all products but the first, which reads pixels, and the last, whose
    /// errors are those of the answer.
    @Test func publishedNetworksAreQuantisedButForTheirEnds() throws {
        for model in Preset.allCases {
            let graph = try model.network(name: "net").graph.folded.quantised()
            let others = graph.nodes.compactMap(\.operation.linear).filter { $0.element != .int8 }
            #expect(others.map(\.parameter) == ["patch_embed.proj", "head"], "\(model)")
            #expect(
                try model.network(name: "net").graph.folded.unquantisable == [
                    .init(
                        label: "patch_embed.proj", layer: "patch_embed",
                        reason: "patches cannot write integers")
                ], "\(model)")
            #expect(
                try model.network(name: "net").graph.folded.withIntegerMatrices == [
                    .init(label: "head", layer: "head", reason: "mean cannot write integers")
                ], "\(model)")
            #expect(others.map(\.matrix) == [.f32, .int8], "\(model)")
        }
    }

    /// A layer that is kept is of bf16 as in a network of bf16, and everything else as before.
    @Test func keptLayersStayInBF16() throws {
        var layers = 0
        for network in try Sample.networks() {
            let graph = network.graph.folded
            let (integers, halves) = (
                graph.quantised().lowered(to: .bf16), graph.lowered(to: .bf16)
            )
            for layer in graph.quantisableLayers {
                layers += 1
                let kept = graph.quantised(keeping: [layer]).lowered(to: .bf16)
                let ownTensors = graph.quantisable.filter { $0.layer == layer }.map(\.name)
                for index in graph.nodes.indices {
                    let label = graph.nodes[index].label
                    let tensor = graph.nodes[index].output
                    let isKept = Self.isRead(tensor, by: layer, in: graph)
                    #expect(
                        kept.tensors[tensor] == (isKept ? halves : integers).tensors[tensor],
                        "\(layer), \(label)")
                    guard let linear = kept.nodes[index].operation.linear else { continue }
                    var expected = (linear.layer == layer ? halves : integers).nodes[index]
                        .operation.linear
                    // v is divided where the attention's result is of integers.
                    let divided = integers.nodes[index].operation.linear?.outputScales
                    let isDivided = divided.map { !ownTensors.contains($0.name) } ?? false
                    expected?.outputScales = isDivided ? divided : nil
                    #expect(linear == expected, "\(layer), \(label)")
                }
            }
            #expect(graph.quantised(keeping: Set(graph.quantisableLayers)) == graph)
        }
        #expect(layers > 20)
    }

    /// A layer in single precision is as nobody had lowered it, and everything else as before.
    @Test func keptLayersStayInSinglePrecision() throws {
        var layers = 0
        for network in try Sample.networks() {
            let graph = network.graph.folded
            let whole = graph.quantised().lowered(to: .bf16)
            let lowered = graph.loweredLayers(to: .bf16)
            #expect(Set(lowered).isSuperset(of: graph.quantisableLayers))
            for layer in lowered {
                layers += 1
                let kept = graph.quantised(keeping: [layer]).lowered(to: .bf16, keeping: [layer])
                for index in graph.nodes.indices {
                    let label = "\(layer), \(graph.nodes[index].label)"
                    let tensor = graph.nodes[index].output
                    let isKept = Self.isRead(tensor, by: layer, in: graph)
                    #expect(
                        kept.tensors[tensor] == (isKept ? graph : whole).tensors[tensor], "\(label)"
                    )
                    guard let linear = kept.nodes[index].operation.linear else { continue }
                    let type = kept.tensors[kept.nodes[index].inputs[0]].type
                    let isOfMean = linear.layer == "head" && layer != "head"
                    #expect(linear.element == type, "\(label)")
                    #expect(linear.matrix == (isOfMean ? .int8 : type), "\(label)")
                    #expect(linear.layer != layer || type == .f32, "\(label)")
                }
            }
            let all = Set(lowered)
            #expect(graph.quantised(keeping: all).lowered(to: .bf16, keeping: all) == graph)
        }
        #expect(layers > 20)
    }

    /// Whether products of a layer read a tensor, or the means of its tokens.
    private static func isRead(_ tensor: Int, by layer: String, in graph: Graph) -> Bool {
        graph.consumers(of: tensor).contains { index in
            if let linear = graph.nodes[index].operation.linear {
                return linear.layer == layer
            }
            return graph.nodes[index].operation.averages
                && isRead(graph.nodes[index].output, by: layer, in: graph)
        }
    }

    /// An attention with its norm, a ConvFFN or a merging each, and the head.
    @Test func publishedNetworksHaveALayerForEachPartOfABlock() throws {
        let layers = try Preset.small.network(name: "net").graph.folded.quantisableLayers
        #expect(layers.count == 12 + 8 + 3 + 1 && layers.last == "head")
        for name in [
            "layers.0.blocks.1.mlp", "layers.2.blocks.5.attn", "layers.1.downsample",
        ] { #expect(layers.contains(name), "\(layers.sorted())") }
    }

    /// Zeros beyond a map are among its tokens only where windows fill it.
    @Test func windowsBeyondTheMapMeetZeros() throws {
        for (height, meets) in [(4, false), (5, true)] {
            let layer = try HiLo(
                dim: 16, heads: 4, window: 2, alpha: 0.5, height: height, width: 6)
            var graph = Graph(
                input: Tensor(map: Resolution(height: height, width: 6), channels: 16))
            let normalised = graph.add(.layerNorm(parameter: "norm"), [Graph.input], label: "norm")
            let means = graph.add(
                .averagePool(window: 2), [normalised],
                map: Resolution(height: (height + 1) / 2, width: 3), label: "pool")
            graph.returns(
                graph.add(.linear(Linear("fc", from: 16, to: 8)), [means], channels: 8, label: "fc")
            )
            #expect(graph.quantisable.map(\.name) == ["fc"])
            #expect(graph.quantisable.map(\.meetsZeros) == [meets])
            #expect(layer.graph.folded.quantisable.count == 2)
        }
    }
}
