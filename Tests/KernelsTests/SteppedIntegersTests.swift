import Kernels
import TestFixtures
import Testing

@Suite struct SteppedIntegersTests {
    @Test func multiplesOfAStepStay() {
        let integers = SteppedIntegers([-127, 3, 0, 126].map { 0.25 * $0 })
        #expect(integers.step == 0.25)
        #expect(integers.values == [-127, 3, 0, 126])
    }

    @Test func nothingIsZeros() {
        #expect(SteppedIntegers([0, -0.0, 0]).values == [0, 0, 0])
        #expect(SteppedIntegers([0x1p-133, 0]).values == [0, 0])
        #expect(SteppedIntegers([]).values.isEmpty)
    }

    /// No worse than a step that cuts off nothing, and better where one value is far from the others.
    @Test func theErrorIsLeast() {
        var random = SeededGenerator(seed: 4)
        let near = (0..<400).map { _ in Float(random.int(-1000...1000)) }
        for values in [near, near.map { abs($0) < 900 ? $0 / 100 : $0 }] {
            let integers = SteppedIntegers(values)
            let whole = values.map(abs).max()! / 127
            #expect(error(values, integers.step) <= error(values, whole))
            #expect(integers.values.allSatisfy { (-127...127).contains($0) })
        }
    }

    private func error(_ values: [Float], _ step: Float) -> Float {
        values.reduce(0) {
            let difference = $1 - step * min(127, max(-127, ($1 / step).rounded()))
            return $0 + difference * difference
        }
    }
}
