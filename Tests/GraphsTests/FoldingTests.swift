import Networks
import TestFixtures
import Testing

@testable import Graphs

/// Folding moves factors into weights and leaves everything else as it is.
@Suite struct FoldingTests {
    private func tokens(_ channels: Int) -> Graph {
        Graph(input: Tensor(map: Resolution(height: 5, width: 3), channels: channels))
    }

    @Test func foldingTwiceIsFoldingOnce() throws {
        for network in try Sample.networks() {
            let folded = network.graph.folded
            #expect(folded.folded == folded, "\(network.name)")
            #expect(folded.count { $0.isBatchNorm } == 0, "\(network.name)")
            let scales = folded.nodes.compactMap(\.operation.attentionScale)
            #expect(scales.allSatisfy { $0 == 1 }, "\(network.name)")
        }
    }

    /// Besides BatchNorms no node goes, and none changes but linear operators, convolutions and
    /// attentions.
    @Test func foldingChangesNothingElse() throws {
        for network in try Sample.networks() {
            let (graph, folded) = (network.graph, network.graph.folded)
            let kept = graph.nodes.filter { !$0.operation.isBatchNorm }
            #expect(folded.nodes.map(\.label) == kept.map(\.label))
            #expect(folded.outputs == graph.outputs && folded.tensors == graph.tensors)
            for (new, old) in zip(folded.nodes, kept) where new != old {
                switch new.operation {
                case .linear, .convolution: continue
                default: break
                }
                #expect(old.operation.attentionScale != nil, "\(new.label)")
                #expect(new.inputs == old.inputs && new.output == old.output, "\(new.label)")
            }
        }
    }

    // MARK: BatchNorm

    /// Token merging's convolution takes its BatchNorm and writes where that wrote.
    @Test func batchNormsGoIntoTokenMerging() throws {
        let graph = try Sample.small().graph
        let folded = graph.foldingBatchNorms()
        for stage in 0..<3 {
            let prefix = "layers.\(stage).downsample."
            #expect(folded.labels(prefix) == ["samples", "dconv", "act"])
            let norm = try #require(graph.nodes.first { $0.label == prefix + "norm_layer" })
            let linear = try #require(folded.linear(producing: norm.output))
            #expect(linear.parameter == prefix + "dconv")
            #expect(linear.batchNorm == prefix + "norm_layer")
        }
        #expect(folded.linears.count { $0.batchNorm != nil } == 3)
        #expect(folded.nodes.count == graph.nodes.count - 3)
    }

    @Test func aBatchNormBehindAnOutputStays() {
        var graph = tokens(8)
        let x = graph.square(Graph.input, "fc")
        let norm = graph.add(.batchNorm(parameter: "bn"), [x], label: "bn")
        graph.returns(norm)
        #expect(graph.foldingBatchNorms().nodes.count == 1)
        #expect(graph.foldingBatchNorms().nodes[0].output == norm)
        graph.returns(x)
        #expect(graph.foldingBatchNorms() == graph)
    }

    @Test func aBatchNormOfWhatOthersReadStays() {
        var graph = tokens(8)
        let x = graph.square(Graph.input, "fc")
        let norm = graph.add(.batchNorm(parameter: "bn"), [x], label: "bn")
        graph.returns(graph.add(.add, [norm, x], label: "sum"))
        #expect(graph.folded == graph)
    }

    @Test func aBatchNormBehindSomethingElseStays() {
        var graph = tokens(8)
        let x = graph.add(.gelu, [Graph.input], label: "act")
        graph.returns(graph.add(.batchNorm(parameter: "bn"), [x], label: "bn"))
        #expect(graph.folded == graph)
    }

    /// Only one fits into an operator; the second is not taken for the first.
    @Test func aSecondBatchNormStays() {
        var graph = tokens(8)
        let x = graph.square(Graph.input, "fc")
        let first = graph.add(.batchNorm(parameter: "bn1"), [x], label: "bn1")
        graph.returns(graph.add(.batchNorm(parameter: "bn2"), [first], label: "bn2"))
        let folded = graph.folded
        #expect(folded.linears.map(\.batchNorm) == ["bn1"])
        #expect(folded.nodes.map(\.label) == ["fc", "bn2"])
        #expect(folded.folded == folded)
    }

    // MARK: The factor of q·kᵀ

    /// q is scaled where it is made, so attention needs no scale; k and v are not.
    @Test(arguments: [nil, 0.2])
    func scaleGoesIntoQueries(qkScale: Double?) throws {
        let layer = try HiLo(dim: 36, heads: 4, window: 2, alpha: 0.5, qkScale: qkScale)
        let graph = layer.graph
        let scale = qkScale ?? 1 / 3
        #expect(graph.nodes.compactMap(\.operation.attentionScale) == [scale, scale])
        #expect(graph.linears.allSatisfy { $0.scaledRows == 0 && $0.scale == 1 })
        let folded = graph.foldingScales()
        #expect(folded.nodes.compactMap(\.operation.attentionScale) == [1, 1])
        let scaled = Dictionary(
            uniqueKeysWithValues: folded.linears.map { ($0.parameter, $0.scaledRows) })
        #expect(scaled == ["h_qkv": 18, "h_proj": 0, "l_q": 18, "l_kv": 0, "l_proj": 0])
        for linear in folded.linears {
            #expect(linear.scale == (linear.scaledRows > 0 ? scale : 1))
        }
    }

    /// Heads, channels and window of an attention are what they were.
    @Test func attentionsKeepTheirShape() throws {
        let folded = try HiLo(dim: 36, heads: 4, window: 2, alpha: 0.5).graph.folded
        #expect(
            folded.count { $0 == .windowAttention(Heads(2, dim: 9), Windows(side: 2), scale: 1) }
                == 1)
        #expect(folded.count { $0 == .globalAttention(Heads(2, dim: 9), scale: 1) } == 1)
    }

    /// A scaled q would be wrong for whoever else reads it.
    @Test func queriesThatOthersReadAreNotScaled() {
        var graph = tokens(8)
        let q = graph.square(Graph.input, "q")
        let kv = graph.add(
            .linear(Linear("kv", from: 8, to: 16)), [Graph.input], channels: 16, label: "kv")
        let attention = Operation.globalAttention(Heads(2, dim: 4), scale: 0.5)
        let attended = graph.add(attention, [q, kv], label: "attention")
        graph.returns(attended)
        #expect(graph.foldingScales() != graph)
        var returning = graph
        returning.returns(q)
        #expect(returning.foldingScales() == returning)
        var summing = graph
        summing.returns(summing.add(.add, [attended, q], label: "sum"))
        #expect(summing.foldingScales() == summing)
    }

    @Test func queriesThatNoLinearMakesAreNotScaled() {
        var graph = tokens(12)
        let attention = Operation.windowAttention(
            Heads(1, dim: 4), Windows(side: 2), scale: 0.5)
        let norm = graph.add(.layerNorm(parameter: "norm"), [Graph.input], label: "norm")
        graph.returns(graph.add(attention, [norm], channels: 4, label: "attention"))
        #expect(graph.folded == graph)
    }
}
