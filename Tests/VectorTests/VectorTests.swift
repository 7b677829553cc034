import TestFixtures
import Testing

/// The vectors of each instruction set, in C programs that use nothing else of a library.
@Suite struct VectorTests {
    @Test(arguments: VectorBuild.vectors)
    func everyFunctionIsRightLaneByLane(build: VectorBuild) async throws {
        let result = try await build.run("functions")
        #expect(result.succeeded, "\(result.stdout)")
    }

    /// Also where a tile's step takes lanes of a vector instead of broadcasts. GCC takes long for tiles.
    @Test(arguments: TestScope.chosen(VectorBuild.all) { $0.compiler[0].hasSuffix("gcc") })
    func tilesHaveTheBitsOfSumsOneByOne(build: VectorBuild) async throws {
        let result = try await build.run("tiles")
        #expect(result.succeeded, "\(result.stdout)")
    }

    /// Emulated by vectors, and in the instructions themselves.
    @Test(arguments: VectorBuild.vectors + VectorBuild.tileUnits)
    func theTileUnitHasTheBitsOfSumsOneByOne(build: VectorBuild) async throws {
        let result = try await build.run("tile_unit")
        #expect(result.succeeded, "\(result.stdout)")
        print("\(build.testDescription): \(result.stdout)")
    }

    /// e^x and GELU are right, and bit by bit the same where the same is computed: wherever
    /// multiply-adds are fused, or wherever they are not. AVX-512 has a division and a scaling of its own.
    @Test func curvesAreRightAndTheSameEverywhere() async throws {
        var digests: [Bool: Set<String>] = [:]
        for build in VectorBuild.vectors {
            let result = try await build.run("curves")
            #expect(result.succeeded, "\(build.testDescription): \(result.stdout)")
            guard build.isa != .avx512 else { continue }
            digests[build.isFused, default: []].insert(result.stdout)
        }
        #expect(digests.values.allSatisfy { $0.count == 1 }, "\(digests)")
        #expect(digests[false] != nil && digests[false] != digests[true])
    }
}
