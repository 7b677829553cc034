import HiLoKit
import TestFixtures
import Testing
import Toolchain

@testable import Tuning

/// A plan in which every ConvFFN is one kernel, and every schedule is drawn from all legal ones.
func randomPlan(_ network: Network, _ isa: ISA, seed: Int) throws -> Plan {
    let target = try Target(isa: isa, maxBatch: 2)
    var decisions = Decisions()
    for kernel in network.wholeConvFFNs(on: isa) { decisions.adopt(kernel, on: isa) }
    let plan = try Planner(network, target, decisions: decisions).plan()
    var random = SeededGenerator(seed: seed)
    for kernel in randomKernels(of: plan, &random) { decisions.adopt(kernel, on: isa) }
    return try plan.replanned(with: decisions)
}

/// A legal kernel for all work of a plan that can be done in several ways.
private func randomKernels(of plan: Plan, _ random: inout SeededGenerator) -> [Kernel] {
    let variant = plan.variants[0]
    return variant.tunable.compactMap {
        $0.kernels(.two(variant.isa)).randomElement(using: &random)
    }
}

/// Every plan that a search could choose gives a right library.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct RandomPlanTests {
    static let draws: [(isa: ISA, seed: Int)] = TestScope.chosen([
        (.generic, 11), (.avx2, 12), (.avx512, 13),
    ]) { ![.generic, .native()].contains($0.isa) }

    /// The plan's kernels run in the network too; the further ones, as the tuner's candidates do,
    /// by themselves.
    @Test(arguments: draws) func randomLegalPlansVerify(isa: ISA, seed: Int) async throws {
        guard isa.isAvailable() else { return print("SKIPPED: this CPU lacks \(isa.title)") }
        let network = isa == .avx2 ? try largerNetwork() : try tinyNetwork()
        var plan = try randomPlan(network, isa, seed: seed)
        #expect(try plan.reread() == plan)
        #expect(plan != (try Planner(network, plan.target).plan()))
        var random = SeededGenerator(seed: seed)
        let further = (0..<(TestScope.isLong ? 5 : 2)).flatMap { _ in
            randomKernels(of: plan, &random)
        }
        plan.variants[0].kernels += Set(further).subtracting(plan.variants[0].kernels)
        #expect(plan.variants[0].kernels.count > 20)
        try await withTemporaryFolder { folder in
            let library = try LibraryGenerator(plan, .seed(UInt64(seed)))
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .hasty(), extraFlags: ["-Werror"])
            let found = try await Verifier(library, seed: UInt64(seed), threads: 2).verify()
            #expect(found.kernels.count == plan.variants[0].kernels.count)
            for item in found.kernels + found.network {
                #expect(item.passed, "\(item.name): \(item.problem ?? "")")
            }
            #expect(found.interface.passed, "\(found.interface.failures)")
        }
    }
}
