import Reference
import Testing

@Suite struct TokenMapTests {
    @Test func planesBecomeChannels() {
        let map = TokenMap(
            planes: [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60],
            height: 2, width: 3, channels: 2)
        #expect(map.values == [1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60])
        #expect(map[1, 2, 0] == 6)
    }

    @Test func sliceTakesABox() {
        let map = TokenMap(height: 2, width: 3, channels: 2, values: (0..<12).map { Double($0) })
        #expect(map.slice(rows: 1..<2, columns: 1..<3).values == [8, 9, 10, 11])
        #expect(map.slice(channels: 1..<2).values == [1, 3, 5, 7, 9, 11])
        #expect(map.slice() == map)
    }

    @Test func pasteOverwritesABox() {
        var map = TokenMap(height: 2, width: 2, channels: 2)
        map.paste(
            TokenMap(height: 1, width: 2, channels: 1, values: [3, 4]), row: 1, channel: 1)
        #expect(map.values == [0, 0, 0, 0, 0, 3, 0, 4])
    }

    @Test func paddingAddsZerosAtBottomAndRight() {
        let map = Seeded.map(height: 3, width: 5, channels: 2, center: 3)
        let padded = map.padded(toMultipleOf: 4)
        #expect((padded.height, padded.width) == (4, 8))
        #expect(padded.slice(rows: 0..<3, columns: 0..<5) == map)
        #expect(padded.slice(rows: 3..<4).values.allSatisfy { $0 == 0 })
        #expect(padded.slice(columns: 5..<8).values.allSatisfy { $0 == 0 })
        #expect(padded.padded(toMultipleOf: 4) == padded)
    }

    @Test func sumAddsValueByValue() {
        let left = TokenMap(height: 1, width: 2, channels: 1, values: [1, 2])
        let right = TokenMap(height: 1, width: 2, channels: 1, values: [10, 20.5])
        #expect((left + right).values == [11, 22.5])
    }
}
