import Graphs
import Networks
import TestFixtures
import Testing

@Suite struct GraphTests {
    /// ConvFFN blocks have 6 nodes, HiLo blocks 11 more, those without windows 6 more; a merging
    /// has 4, embedding and head 3 each.
    @Test func nodesOfLITv2S() throws {
        let graph = try Sample.small().graph
        #expect(graph.nodes.count == 3 + 4 * 6 + 6 * (11 + 6) + 2 * (6 + 6) + 3 * 4 + 3)
        #expect(graph.nodes.first?.label == "patches")
        #expect(graph.nodes.last?.label == "head")
        #expect(graph.count { $0 == .concatenate } == 6)
        #expect(graph.count { $0 == .add } == 4 + 2 * 8)
        #expect(graph.count { $0 == .averagePool(window: 2) } == 6)
        #expect(graph.count { $0.isBatchNorm } == 3)
        let scale = 1 / 32.0.squareRoot()
        #expect(
            graph.count {
                $0 == .windowAttention(Heads(2, dim: 32), Windows(side: 2), scale: scale)
            }
                == 6)
        #expect(graph.count { $0 == .globalAttention(Heads(10, dim: 32), scale: scale) } == 6)
        #expect(graph.count { $0 == .globalAttention(Heads(24, dim: 32), scale: scale) } == 2)
    }

    @Test func labelsOfBlocks() throws {
        let graph = try Sample.small().graph
        let convFFN = ["norm2", "mlp.fc1", "mlp.dwconv.dwconv", "mlp.act", "mlp.fc2", "mlp"]
        #expect(graph.labels("layers.1.blocks.1.") == convFFN)
        #expect(
            graph.labels("layers.2.blocks.5.") == [
                "norm1", "attn.h_qkv", "attn.hifi", "attn.l_q", "attn.pool", "attn.l_kv",
                "attn.lofi", "attn.h_proj", "attn.l_proj", "attn.concat", "attn",
            ] + convFFN)
        #expect(
            graph.labels("layers.3.blocks.0.") == [
                "norm1", "attn.l_q", "attn.l_kv", "attn.lofi", "attn.l_proj", "attn",
            ] + convFFN)
        #expect(
            graph.labels("layers.0.downsample.") == ["samples", "dconv", "norm_layer", "act"])
    }

    @Test func shapesOfLITv2S() throws {
        let graph = try Sample.small().graph
        func shape(_ label: String) throws -> [Int] {
            let node = try #require(graph.nodes.first { $0.label == label })
            let tensor = graph.tensors[node.output]
            return [tensor.map.height, tensor.map.width, tensor.channels]
        }
        #expect(try shape("patches") == [56, 56, 48])
        #expect(try shape("patch_embed.norm") == [56, 56, 96])
        #expect(try shape("layers.0.blocks.0.mlp.fc1") == [56, 56, 384])
        #expect(try shape("layers.0.downsample.samples") == [28, 28, 384])
        #expect(try shape("layers.0.downsample.act") == [28, 28, 192])
        #expect(try shape("layers.2.blocks.0.attn.h_qkv") == [14, 14, 192])
        #expect(try shape("layers.2.blocks.0.attn.l_kv") == [7, 7, 640])
        #expect(try shape("layers.2.blocks.0.attn") == [14, 14, 384])
        #expect(try shape("norm") == [7, 7, 768])
        #expect(try shape("head") == [1, 1, 1000])
    }

    @Test(arguments: [(0.0, 2), (1.0, 2), (0.9, 1)])
    func oneBranchNeedsNoConcatenation(alpha: Double, window: Int) throws {
        let graph = try Sample.small(alpha: alpha, window: window).graph
        #expect(graph.count { $0 == .concatenate } == 0)
        let pools = graph.count { if case .averagePool = $0 { true } else { false } }
        #expect(pools == (alpha == 1 && window > 1 ? 6 : 0))
        let names = graph.labels("layers.2.blocks.0.attn.")
        #expect(names.contains { $0.hasPrefix("h_") } == (alpha == 0))
        #expect(names.contains { $0.hasPrefix("l_") } == (alpha > 0))
    }

    @Test func singleLayer() throws {
        let graph = try Sample.layer().graph
        #expect(
            graph.nodes.map(\.label) == [
                "h_qkv", "hifi", "l_q", "pool", "l_kv", "lofi", "h_proj", "l_proj", "concat",
            ])
        #expect(graph.tensors[Graph.input] == graph.tensors[graph.outputs[0]])
    }

    @Test func biasesAreThoseOfTheNetwork() throws {
        let graph = try Sample.layer(bias: false).graph
        for node in graph.nodes {
            guard case .linear(let source) = node.operation else { continue }
            #expect(source.hasBias == source.parameter.hasSuffix("_proj"))
        }
    }

    /// The first stage's map goes out as it is, the others through a norm, and all are read on.
    @Test func outputsOfABackbone() throws {
        let graph = try Sample.backbone().graph
        let outputs = try graph.outputs.map { try #require(graph.producer(of: $0)) }
        #expect(outputs.map { graph.nodes[$0].label } == ["stage1", "norm1", "norm2"])
        #expect(
            outputs.map { graph.nodes[$0].operation } == [
                .featureMap(norm: nil, layout: .planes),
                .featureMap(norm: "norm1", layout: .planes),
                .featureMap(norm: "norm2", layout: .planes),
            ])
        for output in outputs {
            #expect(graph.consumers(of: graph.nodes[output].output).isEmpty)
        }
    }

    /// Operators read what was written before them.
    @Test(arguments: 0..<20) func inputsPrecedeOutputs(seed: Int) throws {
        let graph = try Sample.random(seed: seed).graph
        for node in graph.nodes { #expect(node.inputs.allSatisfy { $0 < node.output }) }
        #expect(graph.nodes.map(\.output) == Array(1..<graph.tensors.count))
        #expect(graph.outputs == [graph.tensors.count - 1])
    }
}
