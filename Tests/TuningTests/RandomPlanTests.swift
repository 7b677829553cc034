import HiLoKit
import Testing

@testable import Tuning

/// A plan in which every tiling is drawn from all legal ones.
func randomPlan(_ network: Network, _ isa: ISA, seed: UInt64) throws -> Plan {
    let plan = try Planner(network, Target(isa: isa, maxBatch: 2)).plan()
    var random = SplitMix(state: seed)
    var decisions = Planner.Decisions()
    for kernel in randomKernels(of: plan, &random) { decisions.adopt(kernel) }
    return try Planner(network, plan.target, decisions: decisions).plan()
}

/// A legal kernel for every shape of a plan.
private func randomKernels(of plan: Plan, _ random: inout SplitMix) -> [Kernel] {
    let space = SearchSpace(of: plan, threads: 2, batch: 1)
    return plan.tunableShapes.compactMap { space.kernels(for: $0).randomElement(using: &random) }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Every plan that a search could choose gives a right library.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { (try? await Compiler.find()) != nil })
struct RandomPlanTests {
    static let draws: [(isa: ISA, seed: UInt64)] = [(.generic, 11), (.avx2, 12), (.avx512, 13)]

    /// The plan's kernels run in the network too; the further ones, as the tuner's candidates do,
    /// by themselves.
    @Test(arguments: draws) func randomLegalPlansVerify(isa: ISA, seed: UInt64) async throws {
        guard isa.isAvailable() else { return print("SKIPPED: this CPU lacks \(isa.title)") }
        let network = isa == .avx2 ? try largerNetwork() : try tinyNetwork()
        var plan = try randomPlan(network, isa, seed: seed)
        #expect(try plan.validated() == plan)
        #expect(plan != (try Planner(network, plan.target).plan()))
        var random = SplitMix(state: seed)
        let further = (0..<5).flatMap { _ in randomKernels(of: plan, &random) }
        plan.kernels += Set(further).subtracting(plan.kernels)
        #expect(plan.kernels.count > 20)
        try await withFolder { folder in
            let library = try LibraryGenerator(plan, .seed(seed))
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .find(), extraFlags: ["-Werror"])
            let found = try await Verifier(library, seed: seed, threads: 2).verify()
            #expect(found.kernels.count == plan.kernels.count)
            for item in found.kernels + found.network {
                #expect(item.passed, "\(item.name): \(item.problem ?? "")")
            }
            #expect(found.interface.passed, "\(found.interface.failures)")
        }
    }
}
