import Machines

/// Bytes a cycle, for orders of candidates.
enum CacheRate {
    /// From L2, and from beyond it.
    static let near = 32.0, far = 8.0
}

extension KernelFamily {
    /// Those of `candidates` that are legal, by falling promise: the best of each `form` comes before
    /// a second one of any.
    static func ranked<Form: Hashable>(
        _ candidates: [Schedule], _ spec: Spec, _ isa: ISA, by cost: (Schedule) -> Double,
        form: (Schedule) -> Form
    ) -> [Schedule] {
        let legal = candidates.filter { (try? check(spec, $0, isa)) != nil }
        let sorted = legal.map { (schedule: $0, cost: cost($0)) }.sorted { $0.cost < $1.cost }
        var seen: Set<Form> = []
        var leaders: [Schedule] = []
        var followers: [Schedule] = []
        for (schedule, _) in sorted {
            if seen.insert(form(schedule)).inserted {
                leaders.append(schedule)
            } else {
                followers.append(schedule)
            }
        }
        return leaders + followers
    }
}

/// Panels or tiles that may be worked on at a time: powers of two below `most`, the best guess's, and all.
func panelCounts(upTo most: Int, guess: Int) -> [Int] {
    let powers = sequence(first: 1) { 2 * $0 }.prefix { $0 < most }
    return Set(powers).union([most, min(guess, most)]).sorted()
}
