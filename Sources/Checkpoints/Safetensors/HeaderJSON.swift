import Foundation

/// The part of JSON that a safetensors header may hold.
enum HeaderJSON {
    case object([Member])
    case array([HeaderJSON])
    case string(String)
    case integer(Int)

    struct Member {
        let name: String
        let value: HeaderJSON
    }

    static let maximumDepth = 4
    /// Of a shape; no other array is in a header.
    static let maximumElements = 64
    /// Of an object; large checkpoints have thousands of tensors.
    static let maximumMembers = 1_000_000

    /// Parses a whole header. Duplicate names, deeper nesting, and values that no header has
    /// (fractions, negative numbers, booleans, null) are errors.
    init(header: UnsafeRawBufferPointer) throws {
        // Foundation's parser keeps neither duplicates nor a depth limit.
        var parser = HeaderParser(bytes: header)
        guard String(bytes: header, encoding: .utf8) != nil else {
            throw Flaw.damaged("its header is not UTF-8")
        }
        self = try parser.whole()
    }
}

private struct HeaderParser {
    let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func whole() throws -> HeaderJSON {
        let value = try value(depth: 1)
        skipSpace()
        guard position == bytes.count else { throw flaw("text after its end") }
        return value
    }

    private func flaw(_ problem: String) -> Flaw {
        .damaged(
            "its header is not valid JSON: \(problem) at byte \(position)",
            expected: "the JSON object of a safetensors header")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard let byte = next, UInt32(byte) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard accept(character) else { throw flaw("no '\(character)'") }
    }

    private mutating func value(depth: Int) throws -> HeaderJSON {
        skipSpace()
        switch next {
        case UInt8(ascii: "{") where depth > HeaderJSON.maximumDepth,
            UInt8(ascii: "[") where depth > HeaderJSON.maximumDepth:
            throw flaw("too deep nesting")
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        default: return try integer()
        }
    }

    private mutating func members(depth: Int) throws -> [HeaderJSON.Member] {
        var members: [HeaderJSON.Member] = []
        var names: Set<String> = []
        try expect("{")
        guard !accept("}") else { return members }
        repeat {
            skipSpace()
            let name = try string()
            guard names.insert(name).inserted else { throw flaw("the second \"\(name)\"") }
            try expect(":")
            guard members.count < HeaderJSON.maximumMembers else { throw flaw("too many members") }
            members.append(HeaderJSON.Member(name: name, value: try value(depth: depth + 1)))
        } while accept(",")
        try expect("}")
        return members
    }

    private mutating func elements(depth: Int) throws -> [HeaderJSON] {
        var elements: [HeaderJSON] = []
        try expect("[")
        guard !accept("]") else { return elements }
        repeat {
            guard elements.count < HeaderJSON.maximumElements else {
                throw flaw("too many elements")
            }
            elements.append(try value(depth: depth + 1))
        } while accept(",")
        try expect("]")
        return elements
    }

    private mutating func integer() throws -> HeaderJSON {
        let start = position
        var value = 0
        while let byte = next, (0x30...0x39).contains(byte) {
            guard let tenfold = checkedProduct([value, 10]),
                let sum = checkedSum(tenfold, Int(byte - 0x30))
            else { throw flaw("a number that is too large") }
            value = sum
            position += 1
        }
        guard position > start else { throw flaw("no value") }
        guard position == start + 1 || bytes[start] != 0x30 else { throw flaw("a leading zero") }
        return .integer(value)
    }

    private mutating func string() throws -> String {
        try expect("\"")
        var units: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): units += try escape()
            case 0..<0x20: throw flaw("a control character in a string")
            default: units.append(byte)
            }
        }
        throw flaw("an unfinished string")
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5c, UInt8(ascii: "/"): 0x2f,
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a,
        UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09,
    ]

    private mutating func escape() throws -> [UInt8] {
        guard let byte = next else { throw flaw("an unfinished string") }
        position += 1
        if let character = Self.escapes[byte] { return [character] }
        guard byte == UInt8(ascii: "u") else { throw flaw("an unknown escape") }
        var units = [try hexadecimal()]
        if UTF16.isLeadSurrogate(units[0]) {
            units.append(try trailSurrogate())
        } else if UTF16.isTrailSurrogate(units[0]) {
            throw flaw("half a surrogate pair")
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    private mutating func trailSurrogate() throws -> UInt16 {
        guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
            throw flaw("half a surrogate pair")
        }
        position += 2
        let unit = try hexadecimal()
        guard UTF16.isTrailSurrogate(unit) else { throw flaw("half a surrogate pair") }
        return unit
    }

    private mutating func hexadecimal() throws -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw flaw("an unfinished escape")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
