import FileIO
import Testing

@Suite struct CountingTests {
    @Test func elementsAreCounted() {
        #expect([Int]().counted() == [:])
        #expect([7].counted() == [7: 1])
        #expect([3, 3, 1, 3, 1, 1, 1, 2].counted() == [1: 4, 2: 1, 3: 3])
        #expect(zip([1, 1, 2], [5, 5, 5]).lazy.map { $0 + $1 }.counted() == [6: 2, 7: 1])
    }
}
