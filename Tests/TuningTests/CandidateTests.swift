import HiLoKit
import Testing

@testable import Tuning

/// What a search compares.
@Suite struct CandidateTests {
    private func variant(_ isa: ISA) throws -> Variant {
        try Planner(tinyNetwork(), Target(isa: isa)).plan().variants[0]
    }

    @Test(arguments: ISA.all) func everyCandidateIsLegalAndDoesTheWork(isa: ISA) throws {
        let variant = try variant(isa)
        #expect(variant.tunable.count > 8)
        for computation in variant.tunable {
            let kernels = computation.kernels(.two(isa))
            #expect(kernels.count > 3)
            #expect(Set(kernels).count == kernels.count, "\(computation)")
            for kernel in kernels {
                #expect(kernel.computation == computation)
                #expect(throws: Never.self) { try kernel.check(on: isa) }
            }
        }
    }

    @Test(arguments: ISA.all) func pruningKeepsWhatMustBeCompared(isa: ISA) throws {
        for kernel in try variant(isa).kernels where kernel.computation.isTunable {
            func candidates(_ limit: Int, _ compulsory: [Kernel]) -> [Kernel] {
                kernel.computation.candidates(.two(isa), limit: limit, compulsory: compulsory)
            }
            let all = kernel.computation.kernels(.two(isa))
            #expect(candidates(1, [kernel]) == [kernel])
            let some = candidates(4, [kernel, kernel])
            #expect(some.first == kernel)
            #expect(some.count == 4)
            #expect(Set(some).count == 4)
            #expect(Set(candidates(.max, [kernel])) == Set(all).union([kernel]))
        }
    }

    /// The first candidates differ in their tiles, not only in slabs.
    @Test func pruningPrefersOtherTiles() throws {
        let plan = try Planner(largerNetwork(), Target(isa: .avx512)).plan()
        var products = 0
        for computation in plan.variants[0].tunable where computation.family == GEMM.id {
            let kernels = computation.candidates(.two(.avx512), limit: 5, compulsory: [])
            let tiles = Set(
                kernels.compactMap { $0.schedule(of: GEMM.self) }.map { [$0.rows, $0.vectors] })
            #expect(kernels.count == 5 && tiles.count == 5)
            products += 1
        }
        #expect(products == 3)
    }

    @Test func theMostWorkComesFirst() throws {
        let variant = try variant(.avx2)
        let work = variant.tunable.map { computation in
            variant.passes[0].steps.reduce(0) {
                let kernel = variant.kernels[$1.kernel]
                return $0 + (kernel.computation == computation ? kernel.macs : 0)
            }
        }
        #expect(work == work.sorted(by: >))
        #expect(Set(variant.tunable).count == variant.tunable.count)
    }
}
