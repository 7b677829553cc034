import FileIO
import Foundation
import Testing

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("plain text, é, 日本, 👩‍👩‍👧, \\ \" '", "plain text, é, 日本, 👩‍👩‍👧, \\ \" '"), ("", ""),
        ("a\u{1b}[2Jb", #"a\u{1B}[2Jb"#), ("a\nb\r\nc\td", #"a\nb\r\nc\td"#),
        ("\0\u{7}\u{8}\u{7f}", #"\0\u{07}\u{08}\u{7F}"#),
        // C1: one character that begins a control sequence, and one that ends a line.
        ("\u{9b}2J\u{85}", #"\u{009B}2J\u{0085}"#),
        ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
        ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}", #"\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}"#),
        ("\u{2066}\u{2067}\u{2068}\u{2069}", #"\u{2066}\u{2067}\u{2068}\u{2069}"#),
        ("\u{61c}\u{200e}\u{200f}", #"\u{061C}\u{200E}\u{200F}"#),
    ])
    func escapes(text: String, expected: String) { #expect(text.printable == expected) }

    /// Every control character, so that none is forgotten.
    @Test func noControlCharacterIsLeft() {
        let codes = Array(0...0x1f) + Array(0x7f...0x9f)
        let controls = codes.compactMap(Unicode.Scalar.init(_:)).map { String(Character($0)) }
        #expect(controls.count == 65)
        for control in controls {
            #expect(control.printable.utf8.allSatisfy { (0x20...0x7e).contains($0) })
            #expect(control.printable.count >= 2)
        }
    }

    @Test func linesStayInAWholeOutput() {
        #expect("a\n\tb\u{1b}c\r\n".printableLines == "a\n\tb\\u{1B}c\\r\n")
    }

    @Test func jsonStaysTheSameToAProgram() throws {
        let text = "a\u{1b}\n\u{9b}\u{7f}\u{202e}\u{2028}é\"\\"
        let json = String(decoding: try JSONEncoder().encode([text]), as: UTF8.self)
        let printable = json.printableJSON
        #expect(try JSONDecoder().decode([String].self, from: Data(printable.utf8)) == [text])
        #expect(printable.printable == printable)
        #expect("[\n\t1\n]\n".printableJSON == "[\n\t1\n]\n")
    }
}
