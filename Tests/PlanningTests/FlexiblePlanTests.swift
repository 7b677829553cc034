import Graphs
import Kernels
import Machines
import Networks
import Planning
import Testing

/// Plans for inputs of all sizes that a recipe gives.
@Suite struct FlexiblePlanTests {
    private static func networks() throws -> [Network] {
        let stage = Stage(depth: 1) {
            HiLoAttention(heads: 4, window: 2, alpha: 0.5)
            ConvFFN()
        }
        let backbone = try LITv2(name: "backbone", height: 64, width: 96) {
            PatchEmbedding(channels: 8)
            stage
            TokenMerging()
            stage
            TokenMerging()
            stage
            TokenMerging()
            stage
            FeatureMaps()
        }
        return [
            Network(try RetinaNet(backbone, classes: 3, channels: 16, depth: 1)),
            Network(
                try MaskRCNN(
                    backbone, classes: 3, channels: 16, width: 32, depth: 1,
                    convolutions: .winograd2)),
            Network(try SemanticFPN(backbone, classes: 3, channels: 16, width: 16)),
        ]
    }

    private static func plan(_ network: Network, _ sizes: [Resolution]) throws -> Plan {
        try Planner(network, Target(isa: .avx2, maxBatch: 2), resolutions: sizes).plan()
    }

    @Test func plansAreReadBack() throws {
        for network in try Self.networks() {
            let plan = try Self.plan(network, [Resolution(#require(network.inputRule))])
            #expect(try plan.reread() == plan)
            #expect(plan.json.contains("\"\(plan.resolutions[0])\""))
        }
    }

    /// One set of kernels and steps, and memory for all sizes.
    @Test func theSizeChangesNothing() throws {
        for network in try Self.networks() {
            let rule = try #require(network.inputRule)
            let plan = try Self.plan(network, [Resolution(rule)])
            for size in rule.samples {
                let resized = try Planner(
                    network, plan.target, resolutions: [Resolution(rule, as: size)],
                    decisions: Decisions(of: plan)
                ).plan()
                #expect(resized.pass.steps == plan.pass.steps)
                #expect(resized.pass.arenaBytes == plan.pass.arenaBytes)
                for kernel in try plan.kernels(at: size)[0] {
                    try kernel.check(on: .avx2)
                    #expect(kernel.scratch(on: .avx2) <= plan.pass.scratchBytes)
                }
            }
        }
    }

    @Test func otherNetworksAndOtherRecipesAreRefused() throws {
        let networks = try Self.networks()
        #expect(throws: PlanError.self) { try Self.plan(networks[0], [Resolution(.ade20k)]) }
        #expect(throws: PlanError.self) { try Self.plan(networks[2], [Resolution(.coco)]) }
        #expect(throws: PlanError.self) {
            try Self.plan(networks[0], [Resolution(.coco), Resolution(height: 64, width: 64)])
        }
        #expect(throws: (any Error).self) {
            try Self.plan(Network(Preset.small.network()), [Resolution(.coco)])
        }
    }
}
