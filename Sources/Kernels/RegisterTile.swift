/// The cost of a tile of sums in registers, which families with matrix products share.
enum RegisterTile {
    /// Two vectors a row: each broadcast token feeds two multiply-adds, so loads keep up; what is
    /// left of the registers holds rows.
    static let vectors = 2

    static func mostRows(registers: Int) -> Int { (registers - vectors - 1) / vectors }

    /// Cycles of one step down K: two multiply-adds or two loads a cycle, and eight independent sums
    /// to cover the latency.
    static func step(rows: Int, vectors: Int) -> Double {
        Double(max(rows * vectors, rows + vectors, 8)) / 2
    }

    /// Half-cycles per step of K for all tiles of `rows`.
    static func halfCycles(rows: Int, tile: Int) -> Int {
        func step(_ rows: Int) -> Int { max(rows * vectors, rows + vectors, 8) }
        let rest = rows % tile
        return rows / tile * step(tile) + (rest > 0 ? step(rest) : 0)
    }

    /// The height of tile with the least cycles; of equals the highest, which reads weights least.
    static func bestRows(most: Int, _ cycles: (Int) -> Int) -> Int {
        (1...most).map { (rows: $0, cycles: cycles($0)) }
            .reduce((rows: 1, cycles: Int.max)) { $1.cycles <= $0.cycles ? $1 : $0 }.rows
    }
}

/// Bytes a cycle, for orders of candidates.
enum CacheRate {
    /// From L2, and from beyond it.
    static let near = 32.0, far = 8.0
}

func powersOfTwo(below end: Int) -> Set<Int> {
    Set(sequence(first: 1) { 2 * $0 }.prefix { $0 < end })
}

extension Array {
    /// By falling promise: the best of each `form` comes before a second one of any.
    func ranked<Form: Hashable>(
        by cost: (Element) -> Double, form: (Element) -> Form
    ) -> [Element] {
        let sorted = map { (element: $0, cost: cost($0)) }.sorted { $0.cost < $1.cost }
        var seen: Set<Form> = []
        var leaders: [Element] = []
        var followers: [Element] = []
        for (element, _) in sorted {
            if seen.insert(form(element)).inserted {
                leaders.append(element)
            } else {
                followers.append(element)
            }
        }
        return leaders + followers
    }
}
