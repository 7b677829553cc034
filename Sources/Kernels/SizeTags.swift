import Graphs

/// What templates are filled with where sizes of maps may come with each call: functions take them
/// as their first argument, and names of constants stand for it.
struct SizeTags: Sendable {
    /// Whether they do.
    let flexible: Bool
    /// Before the other parameters of a function, and before the arguments of its call.
    let takes, gives: String

    private init(_ flexible: Bool, type: String, name: String) {
        self.flexible = flexible
        takes = flexible ? "\(type) \(name), " : ""
        gives = flexible ? "\(name), " : ""
    }

    init(_ map: Resolution, type: String = "map_size", name: String = "size") {
        self.init(map.isFlexible, type: type, name: name)
    }

    init(_ tokens: TokenCount, type: String, name: String) {
        self.init(tokens.isFlexible, type: type, name: name)
    }

    /// - Parameter maps: all of them are as the first.
    init(_ maps: [Resolution], type: String, name: String) {
        self.init(maps[0].isFlexible, type: type, name: name)
    }
}

extension MapRule {
    /// A side in words; `side` stands for the input's.
    func text(_ side: String) -> String {
        let sum = offset == 0 ? side : "(\(side) + \(offset))"
        let quotient = divisor == 1 ? sum : "\(sum) / \(divisor)"
        return times == 1 ? quotient : "\(times) * (\(quotient))"
    }
}

extension Resolution {
    /// Its sides in templates; H and W are those of the input.
    var heightText: String { rules.first?.text("H") ?? "\(height)" }
    var widthText: String { rules.first?.text("W") ?? "\(width)" }

    /// What depends on it at the size that it has for now, in words.
    func numberText(_ number: Int) -> String { usualText(number, of: rules) }
}

extension TokenCount {
    var text: String {
        guard isFlexible else { return "\(count)" }
        return rules.map { "\($0.text("H")) * \($0.text("W"))" }.joined(separator: " + ")
    }

    func numberText(_ number: Int) -> String { usualText(number, of: rules) }
}

private func usualText(_ number: Int, of rules: [MapRule]) -> String {
    rules.first.map { "\(number) (where the input is \($0.input.usual))" } ?? "\(number)"
}
