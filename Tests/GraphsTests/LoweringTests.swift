import Networks
import TestFixtures
import Testing

@testable import Graphs

/// Lowering gives tensors that enter products a narrower type, and changes nothing else.
@Suite struct LoweringTests {
    @Test func singlePrecisionStays() throws {
        for network in try Sample.networks() {
            let graph = network.graph.folded
            #expect(graph.lowered(to: .f32) == graph, "\(network.name)")
        }
    }

    /// Matrices have the type of what they multiply, and who reads a narrow tensor is a product or a pool.
    @Test func whatEntersProductsIsNarrow() throws {
        for network in try Sample.networks() {
            let graph = network.graph.folded.lowered(to: .bf16)
            for node in graph.nodes {
                let input = graph.tensors[node.inputs[0]]
                switch node.operation {
                case .linear(let linear): #expect(linear.element == input.type, "\(node.label)")
                case .averagePool: continue
                default:
                    let types = node.inputs.map { graph.tensors[$0].type }
                    #expect(types.allSatisfy { $0 == .f32 }, "\(node.label)")
                }
            }
            for output in graph.outputs { #expect(graph.tensors[output].type == .f32) }
            #expect(graph.lowered(to: .bf16) == graph, "\(network.name)")
        }
    }

    @Test func nothingElseChanges() throws {
        for network in try Sample.networks() {
            let graph = network.graph.folded
            var lowered = graph.lowered(to: .bf16)
            lowered.tensors = zip(lowered.tensors, graph.tensors).map {
                Tensor(map: $0.map, channels: $0.channels, type: $1.type)
            }
            for index in lowered.nodes.indices {
                guard var linear = lowered.nodes[index].operation.linear else { continue }
                (linear.element, linear.matrix) = (.f32, .f32)
                lowered.nodes[index].operation = .linear(linear)
            }
            #expect(lowered == graph, "\(network.name)")
        }
    }

    /// All of a published network's products, so that its weights become half as large.
    @Test func publishedNetworksAreLoweredWhole() throws {
        for model in Preset.allCases {
            let graph = try model.network(name: "net").graph.folded.lowered(to: .bf16)
            let linears = graph.nodes.compactMap(\.operation.linear)
            #expect(linears.count > 40 && linears.allSatisfy { $0.element == .bf16 }, "\(model)")
            #expect(try model.network(name: "net").graph.folded.unlowered(to: .bf16).isEmpty)
        }
    }

    /// With matrices alone no tensor changes; one of odd rows stays.
    @Test func matricesAloneAreNarrow() throws {
        for network in try Sample.networks() {
            let (graph, narrow) = (
                network.graph.folded, network.graph.folded.withMatrices(of: .bf16)
            )
            #expect(narrow.tensors == graph.tensors, "\(network.name)")
            for linear in narrow.nodes.compactMap(\.operation.linear) {
                #expect(linear.element == .f32, "\(linear.parameter)")
                #expect((linear.matrix == .bf16) == (linear.inputs % 2 == 0), "\(linear.parameter)")
            }
        }
    }

    /// A word of an odd row would hold elements of two tokens.
    @Test func oddRowsStay() {
        for (channels, type) in [(6, ElementType.bf16), (7, .f32)] {
            var graph = Graph(
                input: Tensor(map: Resolution(height: 2, width: 3), channels: channels))
            let normalised = graph.add(
                .layerNorm(parameter: "norm"), [Graph.input], label: "norm")
            let product = graph.add(
                .linear(Linear("fc", from: channels, to: 5)), [normalised], channels: 5,
                label: "fc")
            graph.returns(product)
            let lowered = graph.lowered(to: .bf16)
            #expect(lowered.tensors[normalised].type == type)
            #expect(lowered.nodes[1].operation.linear?.element == type)
            let reasons = graph.unlowered(to: .bf16).map(\.reason)
            #expect(
                reasons
                    == (type == .bf16
                        ? [] : ["a word would hold elements of two tokens, which have 7 channels"]))
        }
    }

    /// What others read too, what is returned, and what comes from a kernel that does not round.
    @Test func whatIsReadElsewhereStays() {
        func reason(_ change: (inout Graph, Int) -> Void) -> String? {
            var graph = Graph(input: Tensor(map: Resolution(height: 2, width: 3), channels: 4))
            let normalised = graph.add(
                .layerNorm(parameter: "norm"), [Graph.input], label: "norm")
            let product = graph.add(
                .linear(Linear("fc", from: 4, to: 4)), [normalised], label: "fc")
            graph.returns(product)
            change(&graph, normalised)
            let unlowered = graph.unlowered(to: .bf16)
            let type = graph.lowered(to: .bf16).tensors[normalised].type
            #expect((type == .f32) == (unlowered.map(\.label) == ["fc"]))
            return unlowered.first?.reason
        }
        #expect(reason { _, _ in } == nil)
        #expect(reason { $0.returns($1) } == "what it reads is returned")
        #expect(
            reason { _ = $0.add(.add, [$1, Graph.input], label: "sum") }
                == "sum reads the same in single precision")
        #expect(reason { _ = $0.add(.averagePool(window: 2), [$1], label: "pool") } == nil)
    }
}
