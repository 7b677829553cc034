import Evaluation
import Foundation
import Testing

@Suite struct ClassificationAgreementTests {
    @Test func probabilitiesAreCompared() throws {
        var agreement = ClassificationAgreement()
        #expect(agreement.agreement == nil && agreement.meanDifference == nil)
        // 1/2 and 1/2 beside 1/4 and 3/4, which is likeliest in both only by its place.
        agreement.add([0, 0], [0, log(3.0)])
        // The same probabilities of other logits.
        agreement.add([1, 2], [101, 102])
        // 9/10 beside 3/10.
        agreement.add([log(9.0), 0], [log(3.0), log(7.0)])
        #expect(agreement.images == 3 && agreement.sameBest == 1)
        #expect(agreement.worstImage == 2)
        #expect(abs(agreement.worstDifference - 0.6) < 1e-12)
        let difference: Double = try #require(agreement.meanDifference)
        #expect(abs(difference - (0.25 + 0.6) / 3) < 1e-12)
        let share: Double = try #require(agreement.agreement)
        #expect(abs(share - 1.0 / 3) < 1e-12)
    }

    @Test func ofEqualDifferencesTheFirstIsWorst() {
        var agreement = ClassificationAgreement()
        agreement.add([0, 0], [0, 0] as [Float])
        #expect(agreement.worstImage == nil && agreement.worstDifference == 0)
        for _ in 0..<2 { agreement.add([0, 1], [1, 0] as [Float]) }
        #expect(agreement.worstImage == 1)
    }

    @Test func whatIsNoNumberDiffersTheMost() {
        var agreement = ClassificationAgreement()
        agreement.add([0, 5, 0], [Float.nan, 5, 0])
        #expect(agreement.worstDifference == 1 && agreement.meanDifference == 1)
        #expect(agreement.sameBest == 1)
        agreement.add([Float.nan, .nan], [0, 0])
        #expect(agreement.sameBest == 2)
    }

    @Test func largeLogitsDoNotOverflow() {
        var agreement = ClassificationAgreement()
        agreement.add([2000, 1000], [0, 1000] as [Float])
        #expect(agreement.worstDifference == 1 && agreement.sameBest == 0)
    }
}
