import FileIO
import Testing

@Suite struct CountingTests {
    @Test func elementsAreCounted() {
        #expect([Int]().counted() == [:])
        #expect([7].counted() == [7: 1])
        #expect([3, 3, 1, 3, 1, 1, 1, 2].counted() == [1: 4, 2: 1, 3: 3])
        let sums = zip([1, 1, 2], [5, 5, 5]).lazy.map { (left: Int, right: Int) in left + right }
        #expect(sums.counted() == [6: 2, 7: 1])
    }
}
