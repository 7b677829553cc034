import Graphs
import Machines
import Networks
import TestFixtures
import Testing

@testable import Planning

@Suite struct TargetTests {
    @Test(arguments: [0, -1, 1025]) func impossibleBatchesThrow(maxBatch: Int) {
        let error = #expect(throws: PlanError.self) { try Target(isa: .avx2, maxBatch: maxBatch) }
        #expect(error?.description.contains("batch \(maxBatch)") == true)
    }

    @Test(arguments: [[], [ISA.avx2, .avx2], [.generic, .avx2, .generic]])
    func instructionSetsStandOnce(isas: [ISA]) {
        let error = #expect(throws: PlanError.self) { try Target(isas: isas) }
        #expect(error?.description.contains("expected one or more, each once") == true)
    }

    @Test func oneArchitectureALibrary() throws {
        let error = #expect(throws: PlanError.self) { try Target(isas: [.generic, .avx2, .neon]) }
        #expect(error?.description.contains("generic, avx2, neon") == true)
        #expect(error?.description.contains("different architectures") == true)
        #expect(try Target(isas: [.generic, .neon]).isas == [.generic, .neon])
    }

    // MARK: - Layers that stay in bf16

    private static let kept = [
        KeptLayer("layers.1.blocks.0.mlp", error: 0.125), KeptLayer("layers.0.blocks.0.attn"),
        KeptLayer("head", in: .f32),
    ]

    @Test func keptLayersAreAPartOfAPlan() throws {
        let target = try Target(isas: [.avx2, .avx512], precision: .int8, kept: Self.kept)
        let plan = try Planner(Sample.tiny(), target).plan()
        #expect(try plan.reread() == plan)
        #expect(plan.json.contains("\"kept\":[{\"error\":0.125,"))
        #expect(plan.json.contains("{\"layer\":\"head\",\"type\":\"f32\"}"))
        #expect(plan.only(.avx2)?.target.kept == Self.kept)
        #expect(try plan.replanned() == plan)
        let none = try target.keeping([])
        #expect(try !Planner(Sample.tiny(), none).plan().json.contains("kept"))
        // As in a library of bf16 the products of those layers, and no others.
        let integers = plan.variants[0].kernels.count {
            $0.computation.operands.inputs.contains { $0.type == .int8 }
        }
        #expect(integers > 0)
    }

    /// Where all others are bf16.
    @Test func layersOfBF16AreKeptInSinglePrecision() throws {
        let layer = "layers.1.blocks.0.mlp"
        let kept = try Target(
            isa: .avx2, precision: .bf16, kept: [KeptLayer(layer, in: .f32, error: 0.5)])
        let plan = try Planner(Sample.tiny(), kept).plan()
        let products = plan.network.graph.planned(kept).nodes.compactMap(\.operation.linear)
        #expect(products.filter { $0.layer == layer }.map(\.element) == [.f32, .f32])
        let narrow = try plan.network.graph.planned(kept.keeping([])).nodes
            .compactMap(\.operation.linear)
        #expect(zip(products, narrow).count { $0.element != $1.element } == 2)
        #expect(try plan.replanned() == plan)
        #expect(plan.json.contains("\"type\":\"f32\""))
    }

    @Test func keptLayersMustBeThere() throws {
        for precision in [Precision.f32, .bf16, .bf16Weights] {
            let error = #expect(throws: PlanError.self) {
                try Target(isa: .avx2, precision: precision, kept: Self.kept)
            }
            #expect(error?.description.contains("layers.1.blocks.0.mlp is kept in bf16") == true)
        }
        let twice = #expect(throws: PlanError.self) {
            try Target(isa: .avx2, precision: .int8, kept: Self.kept + Self.kept)
        }
        #expect(twice?.description == "layers.1.blocks.0.mlp: is kept twice")
        #expect(throws: PlanError.self) {
            try Target(isa: .avx2, precision: .int8, kept: [KeptLayer("a", error: -1)])
        }
        let narrow = #expect(throws: PlanError.self) {
            try Target(isa: .avx2, precision: .int8, kept: [KeptLayer("head", in: .int8)])
        }
        #expect(narrow?.description == "head: is kept in int8; expected bf16 or f32")
        // Its products are on bf16 in any case.
        let patches = try Planner(
            Sample.tiny(), Target(isa: .avx2, precision: .int8, kept: [KeptLayer("patch_embed")]))
        #expect(throws: PlanError.self) { try patches.plan() }
        let planner = try Planner(
            Sample.tiny(),
            Target(isa: .avx2, precision: .int8, kept: [KeptLayer("layers.1.blocks.0.mpl")]))
        let error = #expect(throws: PlanError.self) { try planner.plan() }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("layers.1.blocks.0.mpl: no layer of tiny"))
        #expect(text.contains("layers.0.blocks.0.attn, layers.0.blocks.0.mlp"))
    }

    /// A megabyte of maps; never fewer than one image or more than a batch.
    @Test(arguments: [
        (1, 8, 8), (262_144, 8, 4), (262_145, 8, 3), (1_048_576, 8, 1), (1_048_577, 8, 1),
        (51_600_000, 8, 1), (262_144, 2, 2), (0, 3, 3),
    ]) func groupsFillHalfOfL2(arenaBytes: Int, maxBatch: Int, images: Int) {
        #expect(
            VariantBuilder.imagesPerThread(arenaBytes: arenaBytes, maxBatch: maxBatch) == images)
    }

    @Test(arguments: [1, 8]) func passesRunInGroups(maxBatch: Int) throws {
        let plan = try Sample.small().plan(maxBatch: maxBatch)
        #expect(
            plan.pass.imagesPerThread
                == VariantBuilder.imagesPerThread(
                    arenaBytes: plan.pass.arenaBytes, maxBatch: maxBatch))
    }

    @Test func eachResolutionIsPlannedOnce() throws {
        let size = Resolution(height: 60, width: 44)
        let planner = try Planner(
            Sample.backbone(), Target(isa: .generic), resolutions: [size, size])
        let error = #expect(throws: PlanError.self) { try planner.plan() }
        #expect(error?.description == "resolutions 60x44, 60x44: each can be planned once")
    }

    /// Whoever packs them would have all in memory.
    @Test func weightsMustFitIntoMemory() throws {
        let layer = try HiLo(dim: 1 << 14, heads: 4, window: 2, alpha: 0.5, height: 4, width: 4)
        let planner = try Planner(Network(layer), Target(isa: .generic))
        let error = #expect(throws: NetworkError.self) { try planner.plan() }
        #expect(error?.description.contains("weights; up to 268435456 are possible") == true)
    }

    @Test func resolutionsMustSuitTheNetwork() throws {
        let planner = try Planner(
            Sample.tiny(), Target(isa: .generic),
            resolutions: [Resolution(height: 33, width: 48)])
        #expect(throws: NetworkError.self) { try planner.plan() }
    }
}
