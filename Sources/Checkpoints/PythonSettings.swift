/// Settings as OpenMMLab's tools store them: a Python text of assignments, `model = dict(type='FPN', …)`.
///
/// The text is read as data and nothing in it is executed. Literals, lists, tuples, dicts and `dict(…)`
/// become values, any other expression is `opaque`; what cannot be read is left out, up to the next
/// assignment.
struct PythonSettings {
    private static let maximumFailures = 32

    private let bytes: [UInt8]
    private var place = 0

    /// The names that the text assigns, as a dictionary.
    static func read(_ text: String) -> ConfigurationValue {
        var settings = PythonSettings(bytes: Array(text.utf8))
        return .dictionary(settings.assignments())
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private struct Unreadable: Error {}

    // MARK: Statements

    private mutating func assignments() -> [String: ConfigurationValue] {
        var found: [String: ConfigurationValue] = [:]
        var failures = 0
        // Each failure may have read to the end, so that many would take for ever.
        while place < bytes.count, failures < Self.maximumFailures {
            let start = place
            if let name = word(), skipSpace(), take("="), current != UInt8(ascii: "=") {
                if let value = try? expression(depth: 0) {
                    found[name] = value
                } else {
                    failures += 1
                    place = start
                }
            }
            toNextLine()
        }
        return found
    }

    private mutating func toNextLine() {
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
        place += 1
    }

    // MARK: Expressions

    /// Everything up to a comma, a closing bracket or, outside brackets, the line's end.
    private mutating func expression(depth: Int) throws -> ConfigurationValue {
        skip(inBrackets: depth > 0)
        let start = place
        if let value = try? value(depth: depth) {
            skip(inBrackets: depth > 0)
            if endsExpression { return value }
        }
        place = start
        return try opaque(depth: depth)
    }

    private mutating func value(depth: Int) throws -> ConfigurationValue {
        // Here, because keys of dictionaries come without `expression`.
        guard depth <= ConfigurationValue.maximumDepth else { throw Unreadable() }
        guard let byte = current else { throw Unreadable() }
        switch byte {
        case UInt8(ascii: "["): return .list(try items("]", depth))
        case UInt8(ascii: "("): return try parenthesized(depth)
        case UInt8(ascii: "{"): return .dictionary(try entries(depth))
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try strings(depth))
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "+"):
            return try number()
        default: return try named(depth)
        }
    }

    /// A tuple; one value alone is itself.
    private mutating func parenthesized(_ depth: Int) throws -> ConfigurationValue {
        let start = place
        let items = try items(")", depth)
        let hasComma = bytes[start..<place].contains(UInt8(ascii: ","))
        return items.count == 1 && !hasComma ? items[0] : .list(items)
    }

    private mutating func named(_ depth: Int) throws -> ConfigurationValue {
        guard let name = word() else { throw Unreadable() }
        switch name {
        case "None": return .null
        case "True": return .boolean(true)
        case "False": return .boolean(false)
        case "dict":
            guard current == UInt8(ascii: "(") else { throw Unreadable() }
            return .dictionary(try arguments(depth))
        default: throw Unreadable()
        }
    }

    private mutating func number() throws -> ConfigurationValue {
        let start = place
        let allowed = Set("0123456789+-.eE_".utf8)
        while let byte = current, allowed.contains(byte) { place += 1 }
        let digits = bytes[start..<place].filter { $0 != UInt8(ascii: "_") }
        let text = String(decoding: digits, as: UTF8.self)
        if let integer = Int(text) { return .integer(integer) }
        // Python writes 4. and .5.
        guard let double = Double(text.hasSuffix(".") ? text + "0" : text) else {
            throw Unreadable()
        }
        return .double(double)
    }

    /// Strings next to each other are one.
    private mutating func strings(_ depth: Int) throws -> String {
        var text: [UInt8] = []
        while let quote = current, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
            text += try string(quote)
            skip(inBrackets: depth > 0)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func string(_ quote: UInt8) throws -> [UInt8] {
        let isLong = bytes[place...].starts(with: [quote, quote, quote])
        let end = [UInt8](repeating: quote, count: isLong ? 3 : 1)
        place += end.count
        var text: [UInt8] = []
        while let byte = current {
            if bytes[place...].starts(with: end) {
                place += end.count
                return text
            }
            guard isLong || byte != UInt8(ascii: "\n") else { throw Unreadable() }
            // Other escapes are of no interest: what is left of them is still no name of a setting.
            if byte == UInt8(ascii: "\\") { place += 1 }
            if let byte = current { text.append(byte) }
            place += 1
        }
        throw Unreadable()
    }

    // MARK: Brackets

    private mutating func items(_ end: Unicode.Scalar, _ depth: Int) throws -> [ConfigurationValue]
    {
        var items: [ConfigurationValue] = []
        try elements(UInt8(ascii: end)) { try items.append($0.expression(depth: depth + 1)) }
        return items
    }

    private mutating func arguments(_ depth: Int) throws -> [String: ConfigurationValue] {
        var entries: [String: ConfigurationValue] = [:]
        try elements(UInt8(ascii: ")")) { reader in
            let start = reader.place
            guard let name = reader.word(), reader.skipSpace(), reader.take("=") else {
                // `**other` and positions say nothing that has a name.
                reader.place = start
                _ = try reader.opaque(depth: depth + 1)
                return
            }
            entries[name] = try reader.expression(depth: depth + 1)
        }
        return entries
    }

    private mutating func entries(_ depth: Int) throws -> [String: ConfigurationValue] {
        var entries: [String: ConfigurationValue] = [:]
        try elements(UInt8(ascii: "}")) { reader in
            let key = try reader.value(depth: depth + 1)
            reader.skip(inBrackets: true)
            guard reader.take(":") else { throw Unreadable() }
            let value = try reader.expression(depth: depth + 1)
            if let name = key.string ?? key.integer.map(String.init) { entries[name] = value }
        }
        return entries
    }

    /// What stands between commas, up to `end`.
    private mutating func elements(
        _ end: UInt8, _ read: (inout PythonSettings) throws -> Void
    ) throws {
        place += 1
        while true {
            skip(inBrackets: true)
            guard let byte = current else { throw Unreadable() }
            if byte == end {
                place += 1
                return
            }
            let start = place
            try read(&self)
            skip(inBrackets: true)
            if current == UInt8(ascii: ",") { place += 1 }
            // What reads nothing would be read for ever.
            guard place > start else { throw Unreadable() }
        }
    }

    /// Steps over an expression that is no literal.
    private mutating func opaque(depth: Int) throws -> ConfigurationValue {
        let start = place
        var open = 0
        while let byte = current {
            if open == 0, endsExpression(byte, inBrackets: depth > 0) { break }
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): open -= 1
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                _ = try string(byte)
                continue
            default: break
            }
            place += 1
        }
        // A bracket that nothing closes would take in all that follows.
        guard place > start, open == 0 else { throw Unreadable() }
        return .opaque(String(decoding: bytes[start..<min(place, start + 80)], as: UTF8.self))
    }

    private var endsExpression: Bool {
        current.map { endsExpression($0, inBrackets: false) } ?? true
    }

    private func endsExpression(_ byte: UInt8, inBrackets: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"),
            UInt8(ascii: ":"):
            true
        case UInt8(ascii: "\n"): !inBrackets
        default: false
        }
    }

    // MARK: Words

    private var current: UInt8? { place < bytes.count ? bytes[place] : nil }

    /// A name at this place.
    private mutating func word() -> String? {
        let start = place
        while let byte = current, isLetter(byte) || (place > start && isDigit(byte)) { place += 1 }
        return place > start ? String(decoding: bytes[start..<place], as: UTF8.self) : nil
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: scalar) else { return false }
        place += 1
        return true
    }

    /// Steps over blanks; always true, to stand in a condition.
    private mutating func skipSpace() -> Bool {
        skip(inBrackets: false)
        return true
    }

    /// Steps over blanks and comments, inside brackets over line ends too.
    private mutating func skip(inBrackets: Bool) {
        while let byte = current {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\\"):
                place += 1
            case UInt8(ascii: "\n") where inBrackets: place += 1
            case UInt8(ascii: "#"):
                while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
            default: return
            }
        }
    }
}
