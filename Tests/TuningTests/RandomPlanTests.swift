import HiLoKit
import Planning
import Testing

@testable import Tuning

/// A plan in which every ConvFFN is one kernel, and every tiling is drawn from all legal ones.
func randomPlan(_ network: Network, _ isa: ISA, seed: UInt64) throws -> Plan {
    let plan = try fusedPlan(network, Target(isa: isa, maxBatch: 2))
    var random = SplitMix(state: seed)
    var decisions = Planner.Decisions()
    for kernel in randomKernels(of: plan, &random) { decisions.adopt(kernel) }
    return try plan.replanned(with: decisions)
}

/// Small maps too, which the cost model leaves to separate kernels.
private func fusedPlan(_ network: Network, _ target: Target) throws -> Plan {
    var decisions = Planner.Decisions()
    decisions.convFFN = [:]
    let plan = try Planner(network, target, decisions: decisions).plan()
    for (step, next) in zip(plan.steps, plan.steps.dropFirst()) {
        guard case .gemm(let expansion) = plan.kernels[step.kernel],
            case .depthwiseGELU(let kernel) = plan.kernels[next.kernel]
        else { continue }
        let shape = Planning.ConvFFN.Shape(
            map: kernel.map, channels: expansion.shape.k, hidden: kernel.channels)
        decisions.convFFN?[shape] = Planning.ConvFFN.Tiling(rows: 1, vectors: 1, band: 1, strip: 1)
    }
    return try plan.replanned(with: decisions)
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

    /// Maps of one row or column, channels that fill no panel, bands and strips that do not divide.
    @Test(arguments: draws) func fusedConvFFNsOfAnySizeVerify(isa: ISA, seed: UInt64) async throws {
        guard isa.isAvailable() else { return print("SKIPPED: this CPU lacks \(isa.title)") }
        var plan = try Planner(tinyNetwork(), Target(isa: isa, maxBatch: 2)).plan()
        let space = SearchSpace(of: plan, threads: 2, batch: 1)
        var random = SplitMix(state: seed)
        let maps = [(1, 1), (1, 9), (9, 1), (2, 17), (5, 3), (7, 31)]
        let channels = [(4, 8), (12, 48), (20, 50), (33, 67), (48, 192), (1, 5)]
        for (map, (channels, hidden)) in zip(maps + maps, channels + channels.reversed()) {
            let shape = Planning.ConvFFN.Shape(
                map: Resolution(height: map.0, width: map.1), channels: channels, hidden: hidden)
            let kernels = space.kernels(for: .convFFN(shape))
            let drawn = (0..<3).compactMap { _ in kernels.randomElement(using: &random) }
            plan.kernels += Set(drawn).subtracting(plan.kernels)
        }
        try await withFolder { folder in
            let library = try LibraryGenerator(plan, .seed(seed))
                .write(to: folder.appending(path: "lib"))
            try await library.build(with: .find(), extraFlags: ["-Werror"])
            let found = try await Verifier(library, seed: seed, threads: 3).verify()
            #expect(found.kernels.count == plan.kernels.count)
            for item in found.kernels {
                #expect(item.passed, "\(item.name): \(item.problem ?? "")")
            }
        }
    }
}
