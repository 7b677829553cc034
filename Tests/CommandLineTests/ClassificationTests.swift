import HiLoKit
import Testing

@Suite struct ClassificationTests {
    @Test func theMostProbableComesFirst() {
        let found = Classification(logits: [0.5, 3, -2, 3], top: 3, labels: ["a", "b", "c", "d"])
        #expect(found.top.map(\.index) == [1, 3, 0])
        #expect(found.top.map(\.label) == ["b", "d", "a"])
        // 1 / (2 + e^-2.5 + e^-5)
        #expect(abs(found.top[0].probability - 0.478738) < 1e-6)
        #expect(found.top[0].probability == found.top[1].probability)
    }

    @Test func largeLogitsDoNotOverflow() {
        let found = Classification(logits: [2000, 1000, -3000], top: 9)
        #expect(found.top.map(\.probability) == [1, 0, 0])
        #expect(found.top.count == 3)
        #expect(found.top.allSatisfy { $0.label == nil })
    }
}
