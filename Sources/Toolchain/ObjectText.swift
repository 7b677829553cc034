import Foundation

/// What of the text of a C file an object can depend on: libraries differ in comments and in numbers that few
/// files read, and the object of any other file is the same for all of them.
public struct ObjectText: Sendable {
    /// Lines one after the other, or one that does nothing but define a name.
    private struct Piece: Sendable {
        var text: [UInt8]
        let definition: [UInt8]?
    }

    /// As it is.
    let whole: [UInt8]
    /// Without comments and empty lines; nil where it says which line it stands in or makes names of parts, so that
    /// it may read anything.
    private let pieces: [Piece]?
    /// How often each name is in them.
    private let names: [[UInt8]: Int]

    public init(_ text: [UInt8]) {
        whole = text
        guard !Self.readers.contains(where: { text.contains($0) }) else {
            (pieces, names) = (nil, [:])
            return
        }
        let bare = Self.withoutComments(text)
        pieces = Self.pieces(of: bare)
        names = Dictionary(bare.split { !isOfName($0) }.map { (Array($0), 1) }, uniquingKeysWith: +)
    }

    /// Of a file and all that it includes, without definitions that nothing names.
    public static func parts(of files: [ObjectText]) -> [[UInt8]] {
        let pieces = files.compactMap(\.pieces)
        guard pieces.count == files.count else { return files.map(\.whole) }
        return pieces.map { pieces in
            let read = pieces.filter { piece in
                guard let name = piece.definition else { return true }
                return files.reduce(0) { $0 + $1.names[name, default: 0] } > 1
            }
            return Array(read.map(\.text).joined(separator: [newline]))
        }
    }

    private static let readers = ["__LINE__", "<assert.h>", "##"].map { Array($0.utf8) }

    private static func pieces(of text: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        for line in text.split(separator: newline) where !line.allSatisfy(isBlank) {
            let name = nameDefined(by: line)
            if name == nil, let last = pieces.indices.last, pieces[last].definition == nil {
                pieces[last].text += [newline] + line
            } else {
                pieces.append(Piece(text: Array(line), definition: name))
            }
        }
        return pieces
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

    fileprivate func contains(_ text: [UInt8]) -> Bool {
        withUnsafeBufferPointer { all in
            var rest = all[...]
            while let start = rest.firstIndex(of: text[0]) {
                rest = rest[start...]
                if rest.starts(with: text) { return true }
                rest = rest.dropFirst()
            }
            return false
        }
    }
}
