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

    @Test func resolutionsMustSuitTheNetwork() throws {
        let planner = try Planner(
            Sample.tiny(), Target(isa: .generic),
            resolutions: [Resolution(height: 33, width: 48)])
        #expect(throws: NetworkError.self) { try planner.plan() }
    }
}
