import Networks
import Planning
import Testing

@Suite struct FusionTests {
    static func networks() throws -> [Network] {
        try [Sample.small(), Sample.small(alpha: 0), Sample.small(alpha: 1), Sample.tiny()]
            + (0..<30).map { try Sample.random(seed: $0) }
            + [0, 0.5, 1].map { try Sample.layer(alpha: $0) }
    }

    /// Both branches of an attention add their columns to the same residual, so that sum stands in
    /// the groups of both; a concatenation stands in none.
    @Test func everyNodeIsInOneGroup() throws {
        for network in try Self.networks() {
            let graph = Graph(network)
            let groups = graph.fused()
            for (index, node) in graph.nodes.enumerated() {
                let found = groups.count { $0.nodes.contains(index) }
                switch node.operation {
                case .concatenate: #expect(found == 0)
                case .add: #expect(found == graph.branches(ofSum: node), "\(node.label)")
                default: #expect(found == 1, "\(node.label)")
                }
            }
            #expect(groups.allSatisfy { !$0.nodes.isEmpty && $0.nodes == $0.nodes.sorted() })
        }
    }

    @Test func linearOperatorsOnOneInputMerge() throws {
        for network in try Self.networks() {
            let graph = Graph(network)
            let heads = graph.fused().map { graph.nodes[$0.nodes[0]] }
            let inputs = heads.filter { $0.operation.isLinear }.map { $0.inputs[0] }
            #expect(Set(inputs).count == inputs.count)
        }
    }

    /// What no kernel computes alone always follows a GEMM or a depthwise convolution.
    @Test func elementwiseOperatorsNeverStandAlone() throws {
        for network in try Self.networks() {
            let graph = Graph(network)
            for group in graph.fused() {
                switch graph.nodes[group.nodes[0]].operation {
                case .batchNorm, .gelu, .add: Issue.record("\(network.name): \(group)")
                default: break
                }
            }
        }
    }

    /// Where it is asked for, a ConvFFN with its residual sum is one group, and only there.
    @Test func convFFNsFuseWhereAsked() throws {
        let graph = Graph(try Sample.small())
        let groups = graph.fused { $0.map.width >= 28 }
        let fused = groups.filter { $0.nodes.count == 5 }
        #expect(fused.count == 4)
        for group in fused {
            #expect(graph.tensors[graph.nodes[group.nodes[0]].output].map.width >= 28)
            #expect(graph.nodes[group.nodes[4]].operation == .add)
        }
        #expect(graph.fused().allSatisfy { $0.nodes.count < 5 })
    }

    @Test func groupsOfLITv2S() throws {
        let graph = Graph(try Sample.small())
        let labels = graph.fused().map { group in
            group.nodes.map { graph.nodes[$0].label }
        }
        func groups(_ prefix: String) -> [[String]] {
            labels.filter { $0[0].hasPrefix(prefix) }
                .map { $0.map { String($0.dropFirst(prefix.count)) } }
        }
        #expect(labels.count == 3 + 4 * 4 + 6 * 12 + 2 * 8 + 3 * 2 + 3)
        #expect(
            groups("layers.0.downsample.") == [["samples"], ["dconv", "norm_layer", "act"]])
        let convFFN = [
            ["norm2"], ["mlp.fc1"], ["mlp.dwconv.dwconv", "mlp.act"], ["mlp.fc2", "mlp"],
        ]
        #expect(
            groups("layers.2.blocks.0.") == [
                ["norm1"], ["attn.h_qkv", "attn.l_q"], ["attn.hifi"], ["attn.pool"],
                ["attn.l_kv"], ["attn.lofi"], ["attn.h_proj", "attn"], ["attn.l_proj", "attn"],
            ] + convFFN)
        #expect(
            groups("layers.3.blocks.1.") == [
                ["norm1"], ["attn.l_q", "attn.l_kv"], ["attn.lofi"], ["attn.l_proj", "attn"],
            ] + convFFN)
    }
}

extension Graph {
    /// How many GEMMs make the second operand of a sum.
    fileprivate func branches(ofSum sum: Node) -> Int {
        let producer = nodes.first { $0.output == sum.inputs[1] }
        return producer?.operation == .concatenate ? producer?.inputs.count ?? 0 : 1
    }
}
