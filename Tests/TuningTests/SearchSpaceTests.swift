import HiLoKit
import Testing

@testable import Tuning

@Suite struct SearchSpaceTests {
    private func plan(_ isa: ISA) throws -> Plan {
        try Planner(tinyNetwork(), Target(isa: isa)).plan()
    }

    @Test(arguments: ISA.allCases) func everyKernelOfTheSpaceIsLegalAndDoesTheWork(isa: ISA) throws
    {
        let plan = try plan(isa)
        let space = SearchSpace(of: plan, threads: 2, batch: 1)
        #expect(plan.tunableShapes.count > 8)
        for shape in plan.tunableShapes {
            let kernels = space.kernels(for: shape)
            #expect(kernels.count > 3)
            #expect(Set(kernels).count == kernels.count, "\(shape)")
            for kernel in kernels {
                #expect(kernel.tunableShape == shape)
                #expect(kernel.isLegal(on: isa), "\(kernel)")
            }
        }
    }

    /// The largest tile of every width is in it, and nothing that is larger.
    @Test func theSpaceReachesTheRegisters() throws {
        let plan = try Planner(largerNetwork(), Target(isa: .avx512)).plan()
        let space = SearchSpace(of: plan, threads: 2, batch: 1)
        var tallest: [Int: Int] = [:]
        var splits: Set<GEMM.Tiling.Split> = []
        for shape in plan.tunableShapes {
            for case .gemm(let kernel) in space.kernels(for: shape) {
                tallest[kernel.tiling.vectors] =
                    max(tallest[kernel.tiling.vectors] ?? 0, kernel.tiling.rows)
                splits.insert(kernel.tiling.split)
                let panel = kernel.tiling.vectors * 16
                #expect(kernel.tiling.slab <= (kernel.shape.n + panel - 1) / panel)
            }
        }
        #expect(tallest == [1: 30, 2: 14, 3: 9, 4: 6])
        #expect(splits == [.rows, .columns])
    }

    /// Blocks from one panel of keys to all of them, and tiles as tall as those of the GEMMs.
    @Test func theSpaceOfAttentionHasBlocks() throws {
        let plan = try plan(.generic)
        let space = SearchSpace(of: plan, threads: 2, batch: 1)
        for shape in plan.tunableShapes {
            guard case .attention(let attention) = shape else { continue }
            for case .loFiAttention(let kernel) in space.kernels(for: shape) {
                let panel = kernel.tiling.keyVectors * ISA.generic.lanes
                #expect((kernel.tiling.block - 1) * panel < attention.keys)
            }
            let blocks = space.kernels(for: shape).map { kernel in
                if case .loFiAttention(let kernel) = kernel { kernel.tiling.block } else { 0 }
            }
            let vectors = (attention.keys + ISA.generic.lanes - 1) / ISA.generic.lanes
            #expect(blocks.min() == 1 && blocks.max() == vectors)
        }
    }

    @Test(arguments: ISA.allCases) func pruningKeepsWhatMustBeCompared(isa: ISA) throws {
        let plan = try plan(isa)
        let space = SearchSpace(of: plan, threads: 2, batch: 1)
        for kernel in plan.kernels {
            guard let shape = kernel.tunableShape else { continue }
            let all = space.kernels(for: shape)
            #expect(space.pruned(shape, to: 1, compulsory: [kernel]) == [kernel])
            let some = space.pruned(shape, to: 4, compulsory: [kernel, kernel])
            #expect(some.first == kernel)
            #expect(some.count == 4)
            #expect(Set(some).count == 4)
            let everything = space.pruned(shape, to: .max, compulsory: [kernel])
            #expect(Set(everything) == Set(all).union([kernel]))
        }
    }

    /// The first candidates differ in their tiles, not only in slabs.
    @Test func pruningPrefersOtherTiles() throws {
        let plan = try Planner(largerNetwork(), Target(isa: .avx512)).plan()
        let space = SearchSpace(of: plan, threads: 2, batch: 1)
        for shape in plan.tunableShapes {
            var tiles: Set<[Int]> = []
            let kernels = space.pruned(shape, to: 5, compulsory: [])
            for case .gemm(let kernel) in kernels {
                tiles.insert([kernel.tiling.rows, kernel.tiling.vectors])
            }
            if case .gemm = shape { #expect(tiles.count == kernels.count) }
        }
    }

    @Test func shapesWithTheMostWorkComeFirst() throws {
        let plan = try plan(.avx2)
        let work = plan.tunableShapes.map { shape in
            plan.steps.reduce(0) {
                let kernel = plan.kernels[$1.kernel]
                return $0 + (kernel.tunableShape == shape ? kernel.macs : 0)
            }
        }
        #expect(work == work.sorted(by: >))
        #expect(Set(plan.tunableShapes).count == plan.tunableShapes.count)
    }
}
