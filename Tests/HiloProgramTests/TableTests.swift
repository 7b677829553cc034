import FileIO
import Testing

@testable import hilo

@Suite struct TableTests {
    /// What comes from a file is shown on a terminal, never obeyed.
    @Test func cellsAreQuoted() {
        var table = Table([("name", .left), ("share", .right)])
        table.add(["evil\u{1b}[2J\u{9b}1m\u{202e}gpj\nhilo: all is well", "1"])
        table.add(["é", "22"])
        let lines = table.text.split(separator: "\n")
        #expect(lines.allSatisfy { $0 == String($0).printable })
        #expect(lines.count == 3)
        #expect(lines[1] == #"evil\u{1B}[2J\u{009B}1m\u{202E}gpj\nhilo: all is well      1"#)
        #expect(Set(lines.map(\.count)).count == 1)
    }
}
