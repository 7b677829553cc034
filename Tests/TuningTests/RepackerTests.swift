import HiLoKit
import Testing

@testable import Tuning

@Suite struct RepackerTests {
    /// Repacked weights are, to the bit, what packing for the new plan gives: q's factor and
    /// BatchNorm are inside both.
    @Test(arguments: ISA.allCases) func repackingEqualsPacking(isa: ISA) throws {
        let network = try tinyNetwork()
        let target = try Target(isa: isa)
        let old = try Planner(network, target).plan()
        let packer = WeightPacker(try WeightSource.seed(3).weights(for: network))
        var moved = 0
        for vectors in [1, 3, 4] {
            let new = try plan(of: network, target, vectors: vectors)
            let repacker = try WeightRepacker(from: old, to: new)
            for tensor in new.weights {
                let source = repacker.source(of: tensor)
                let block = packer.values(of: source)
                let values = repacker.values(of: tensor, from: block)
                #expect(
                    values.map(\.bitPattern) == packer.values(of: tensor).map(\.bitPattern),
                    "\(tensor.name), \(vectors) vectors")
                if source.layout != tensor.layout { moved += 1 }
            }
        }
        #expect(moved > 20)
    }

    private func plan(of network: Network, _ target: Target, vectors: Int) throws -> Plan {
        var decisions = Planner.Decisions()
        for case .gemm(let kernel) in try Planner(network, target).plan().kernels {
            decisions.gemm[kernel.shape] = GEMM.Tiling(
                rows: 2, vectors: vectors, slab: 1, split: .rows)
        }
        return try Planner(network, target, decisions: decisions).plan()
    }

    @Test func weightsOfAnotherNetworkAreRefused() throws {
        let target = try Target(isa: .generic)
        let old = try Planner(tinyNetwork(), target).plan()
        let new = try Planner(largerNetwork(), target).plan()
        #expect(throws: PlanError.self) { try WeightRepacker(from: old, to: new) }
    }
}
