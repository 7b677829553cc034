import Graphs
import Kernels
import Machines
import Networks
import TestFixtures
import Testing

@testable import Planning

/// Which operations of a graph run in one kernel.
@Suite struct FusionTests {
    /// Both branches of an attention add their columns to the same residual, so that sum stands in
    /// the groups of both; a concatenation stands in none, and no stack does.
    @Test func everyNodeIsInOneGroup() throws {
        for network in try Sample.networks() {
            let (graph, groups) = try cover(of: network)
            for (index, node) in graph.nodes.enumerated() {
                let found = groups.count { $0.contains(index) }
                switch node.operation {
                case .concatenate, .stack: #expect(found == 0)
                case .add: #expect(found == graph.branches(ofSum: node), "\(node.label)")
                default: #expect(found == 1, "\(node.label)")
                }
            }
            #expect(groups.allSatisfy { !$0.isEmpty && $0 == $0.sorted() })
        }
    }

    /// But for those that are outputs, which lie apart from each other.
    @Test func linearOperatorsOnOneInputMerge() throws {
        for network in try Sample.networks() {
            let (graph, groups) = try cover(of: network)
            let heads = groups.map { graph.nodes[$0[0]] }
            let merging = heads.filter {
                $0.operation.isLinear && !graph.outputs.contains($0.output)
            }
            let inputs = merging.map { $0.inputs[0] }
            #expect(Set(inputs).count == inputs.count)
        }
    }

    /// What no kernel computes alone always follows a GEMM or a depthwise convolution.
    @Test func elementwiseOperatorsNeverStandAlone() throws {
        for network in try Sample.networks() {
            let (graph, groups) = try cover(of: network)
            for group in groups {
                switch graph.nodes[group[0]].operation {
                case .batchNorm, .gelu, .relu, .add, .upsampledSum:
                    Issue.record("\(network.name): \(group)")
                default: break
                }
            }
        }
    }

    /// Where the map is large, a ConvFFN with its residual sum is one group, and only there.
    @Test func convFFNsFuseOnLargeMaps() throws {
        let (graph, groups) = try cover(of: Sample.small())
        let fused = groups.filter { $0.count == 5 }
        #expect(fused.count == 4)
        for group in fused {
            #expect(graph.tensors[graph.nodes[group[0]].output].map.width >= 28)
            #expect(graph.nodes[group[4]].operation == .add)
        }
        #expect(try cover(of: Sample.small(), .separate).groups.allSatisfy { $0.count < 5 })
    }

    @Test func groupsOfLITv2S() throws {
        let (graph, cover) = try cover(of: Sample.small(), .separate)
        let labels = cover.map { $0.map { graph.nodes[$0].label } }
        func groups(_ prefix: String) -> [[String]] {
            labels.filter { $0[0].hasPrefix(prefix) }
                .map { $0.map { String($0.dropFirst(prefix.count)) } }
        }
        #expect(labels.count == 3 + 4 * 4 + 6 * 12 + 2 * 8 + 3 * 2 + 3)
        #expect(groups("layers.0.downsample.") == [["samples"], ["dconv", "act"]])
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

    /// What no kernel computes is said, with its name.
    @Test func anOperatorWithoutAKernelIsRefused() throws {
        var graph = Graph(input: Tensor(map: Resolution(height: 4, width: 4), channels: 8))
        let x = graph.add(.layerNorm(parameter: "norm"), [Graph.input], label: "norm")
        graph.returns(graph.add(.gelu, [x], label: "a.lonely.act"))
        var builder = VariantBuilder(
            setting: Setting(machine: MachineModel(isa: .generic), batch: 1, maxBatch: 1),
            decisions: Decisions(), weights: WeightTable())
        let error = #expect(throws: PlanError.self) {
            try builder.pass(of: graph, at: Resolution(height: 4, width: 4))
        }
        #expect(error?.description == "a.lonely.act: no kernel computes this operator on its own")
    }

    private func cover(
        of network: Network, _ decisions: Decisions = Decisions()
    ) throws -> (graph: Graph, groups: [[Int]]) {
        let plan = try network.plan().replanned(with: decisions)
        let graph = network.graph.folded
        let groups = plan.variant.matches(graph, of: plan.pass).map(\.nodes)
        #expect(groups.count == plan.pass.steps.count)
        return (graph, groups)
    }
}

extension Decisions {
    /// Decides on no kernel, and that nothing else is to be fused.
    fileprivate static var separate: Decisions { Decisions([:]) }
}

extension Graph {
    /// How many GEMMs make the second operand of a sum.
    fileprivate func branches(ofSum sum: Node) -> Int {
        let producer = nodes.first { $0.output == sum.inputs[1] }
        return producer?.operation == .concatenate ? producer?.inputs.count ?? 0 : 1
    }
}
