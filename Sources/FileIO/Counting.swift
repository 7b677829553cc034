extension Sequence where Element: Hashable {
    /// How often each element occurs. Equal ones in a row, as pixels mostly are, are counted at once.
    package func counted() -> [Element: Int] {
        var counts: [Element: Int] = [:]
        var last: Element?
        var length = 0
        for element in self {
            if element != last {
                if let last { counts[last, default: 0] += length }
                (last, length) = (element, 0)
            }
            length += 1
        }
        if let last { counts[last, default: 0] += length }
        return counts
    }
}
