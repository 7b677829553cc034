/// Parses the literals that occur in the header of a .npy file: a dictionary whose values are
/// strings, booleans and tuples of whole numbers. Nesting does not occur, so nothing recurses.
struct PythonDictionaryParser {
    enum Value: Equatable {
        case string(String)
        case boolean(Bool)
        case tuple([Int])
    }

    /// NumPy's own limit.
    static let maximumRank = 64

    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    /// The dictionary, which must be all there is but for white space.
    mutating func dictionary() throws(NPYHeaderProblem) -> [String: Value] {
        var entries: [String: Value] = [:]
        try expect("{")
        while !skip("}") {
            let key = try string()
            try expect(":")
            let value = try value()
            guard entries.updateValue(value, forKey: key) == nil else {
                throw NPYHeaderProblem("has a header that gives '\(key)' twice")
            }
            if !skip(",") {
                try expect("}")
                break
            }
        }
        skipSpace()
        guard rest.isEmpty else { throw unexpected("the end") }
        return entries
    }

    private mutating func value() throws(NPYHeaderProblem) -> Value {
        skipSpace()
        if rest.starts(with: "True".utf8) {
            rest = rest.dropFirst(4)
            return .boolean(true)
        }
        if rest.starts(with: "False".utf8) {
            rest = rest.dropFirst(5)
            return .boolean(false)
        }
        return rest.first == UInt8(ascii: "(") ? .tuple(try tuple()) : .string(try string())
    }

    private mutating func string() throws(NPYHeaderProblem) -> String {
        skipSpace()
        guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""),
            let end = rest.dropFirst().firstIndex(of: quote)
        else { throw unexpected("a string") }
        let content = rest[(rest.startIndex + 1)..<end]
        guard content.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw unexpected("a string of plain ASCII")
        }
        rest = rest[(end + 1)...]
        return String(decoding: content, as: UTF8.self)
    }

    /// `()`, `(3,)`, `(3, 4)` or `(3, 4,)`.
    private mutating func tuple() throws(NPYHeaderProblem) -> [Int] {
        var numbers: [Int] = []
        try expect("(")
        while !skip(")") {
            numbers.append(try number())
            guard numbers.count <= Self.maximumRank else {
                throw NPYHeaderProblem("has more than \(Self.maximumRank) dimensions")
            }
            if !skip(",") {
                guard numbers.count > 1 else { throw unexpected("','") }
                try expect(")")
                break
            }
        }
        return numbers
    }

    private mutating func number() throws(NPYHeaderProblem) -> Int {
        skipSpace()
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty else { throw unexpected("a number") }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
            throw NPYHeaderProblem("has a dimension that is too large")
        }
        rest = rest[digits.endIndex...]
        return number
    }

    private mutating func skipSpace() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    /// Whether the character came next; it is consumed.
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(NPYHeaderProblem) {
        guard skip(character) else { throw unexpected("'\(character)'") }
    }

    private func unexpected(_ expected: String) -> NPYHeaderProblem {
        NPYHeaderProblem(
            "has a damaged header: \(expected) was expected at its byte \(rest.startIndex)")
    }
}
