import Foundation

/// What of the texts of a C file its object can depend on: libraries differ in comments and in numbers that few
/// files read, and the object of any other file is the same for all of them.
public struct ObjectText {
    /// Without comments, empty lines and definitions that nothing names.
    public let parts: [[UInt8]]

    /// - Parameter files: a file and all that it includes.
    public init(_ files: [[UInt8]]) {
        // What says which line it stands in, or makes names of parts, may read anything.
        let readers = ["__LINE__", "<assert.h>", "##"].map { Array($0.utf8) }
        guard !files.contains(where: { file in readers.contains { file.count(of: $0) > 0 } })
        else {
            parts = files
            return
        }
        let texts = files.map(Self.withoutComments)
        let lines = texts.map { $0.split(separator: newline).filter { !$0.allSatisfy(isBlank) } }
        parts = lines.map { lines in
            let read = lines.filter { line in
                guard let name = Self.nameDefined(by: line) else { return true }
                return texts.reduce(0) { $0 + $1.count(of: name) } > 1
            }
            return Array(read.joined(separator: [newline]))
        }
    }

    /// Each becomes a space, as in C.
    private static func withoutComments(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            let next = at + 1 < text.count ? text[at + 1] : newline
            switch (text[at], next) {
            case (slash, star):
                at = text.end(ofCommentAt: at)
                result.append(space)
            case (slash, slash):
                at = text[at...].firstIndex(of: newline) ?? text.count
            case (quote, _), (apostrophe, _):
                let end = text.end(ofLiteralAt: at)
                result += text[at..<end]
                at = end
            case (let byte, _):
                result.append(byte)
                at += 1
            }
        }
        return result
    }

    private static let definitions = ["#define ", "enum { "].map { Array($0.utf8) }

    /// The name of `#define NAME value` and of `enum { NAME = value };`, where that is all of a line.
    private static func nameDefined(by line: ArraySlice<UInt8>) -> [UInt8]? {
        guard let start = definitions.first(where: { line.starts(with: $0) }),
            let last = line.last(where: { !isBlank($0) }), last != backslash
        else { return nil }
        let isWhole = line.first == hash || last == semicolon && !line.contains(comma)
        guard isWhole else { return nil }
        let rest = line.dropFirst(start.count)
        let name = rest.prefix(while: isOfName)
        // A parenthesis at once makes a macro with arguments.
        guard !name.isEmpty, rest.dropFirst(name.count).first == space else { return nil }
        return Array(name)
    }
}

private let newline = UInt8(ascii: "\n"), space = UInt8(ascii: " "), hash = UInt8(ascii: "#")
private let slash = UInt8(ascii: "/"), star = UInt8(ascii: "*"), backslash = UInt8(ascii: "\\")
private let quote = UInt8(ascii: "\""), apostrophe = UInt8(ascii: "'")
private let semicolon = UInt8(ascii: ";"), comma = UInt8(ascii: ",")

private func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == UInt8(ascii: "\t") }

private func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
    default: false
    }
}

extension [UInt8] {
    fileprivate func end(ofCommentAt start: Int) -> Int {
        var at = start + 2
        while at + 1 < count, self[at] != star || self[at + 1] != slash { at += 1 }
        return Swift.min(at + 2, count)
    }

    /// Behind the quotation mark that is like the first, or where the line ends.
    fileprivate func end(ofLiteralAt start: Int) -> Int {
        var at = start + 1
        while at < count, self[at] != self[start], self[at] != newline {
            at += self[at] == backslash ? 2 : 1
        }
        return Swift.min(at + 1, count)
    }

    /// How often `text` is in it.
    fileprivate func count(of text: [UInt8]) -> Int {
        withUnsafeBufferPointer { all in
            guard let first = text.first else { return 0 }
            var rest = all[...], count = 0
            while let start = rest.firstIndex(of: first) {
                rest = rest[start...]
                if rest.starts(with: text) { count += 1 }
                rest = rest.dropFirst()
            }
            return count
        }
    }
}
