import Networks
import TestFixtures
import Testing

@Suite struct SeededValuesTests {
    /// PyTorch's fixtures rest on the same weights and inputs, so the bits must be equal.
    @Test func bitsEqualThoseOfTheOracle() throws {
        let cases = try SeededCase.load().cases
        #expect(!cases.isEmpty)
        for expected in cases {
            let seed = try #require(UInt64(expected.seed))
            let value = SeededValues(seed: seed, name: expected.name)
                .value(expected.index, center: expected.center, scale: expected.scale)
            #expect(
                value.bitPattern == expected.bits,
                "seed \(seed), \(expected.name), value \(expected.index)")
        }
    }

    @Test func valuesAreTheSingleOnes() {
        let generator = SeededValues(seed: 9, name: "fc1.weight")
        let values = generator.values(100, center: 0.25, scale: 0.5)
        #expect(values == (0..<100).map { generator.value($0, center: 0.25, scale: 0.5) })
        #expect(values.allSatisfy { (-0.25...0.75).contains($0) })
        #expect(Set(values).count > 90)
    }

    @Test func seedAndNameSelectTheTensor() {
        let values = SeededValues(seed: 9, name: "a").values(8)
        #expect(values != SeededValues(seed: 10, name: "a").values(8))
        #expect(values != SeededValues(seed: 9, name: "b").values(8))
    }

    /// By its fan-in, which is the heads, a table of many heads would hardly count.
    @Test func positionBiasesAreAsLargeAsScores() {
        let table = Parameter("attn.relative_position_bias_table", [169, 24])
        #expect(
            table.seededValues(seed: 3)
                == SeededValues(seed: 3, name: table.name).values(169 * 24, scale: 2))
    }
}
