import HiLoKit
import TestFixtures
import Testing

@testable import hilo

@Suite struct LabelsTests {
    private let network: Network
    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
        // Five classes.
        network = Network(try LITv2(yaml: Sample.yaml, source: "tiny.yaml"))
    }

    private func read(_ text: String) throws -> [String] {
        try Labels.read(temporary.file(temporary.write("labels.txt", text)).path, for: network)
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func linesEndInAnyWay(end: String) throws {
        let names = ["tench", "", "great white shark", " ray, 🐟", "é"]
        #expect(try read(names.joined(separator: end)) == names)
        #expect(try read(names.map { $0 + end }.joined()) == names)
        let blank = names.map { $0 + end }.joined() + end + "  " + end + "\t"
        #expect(try read(blank) == names)
    }

    @Test func aByteOrderMarkIsNoPartOfAName() throws {
        #expect(try read("\u{feff}a\r\nb\r\nc\r\nd\r\ne\r\n") == ["a", "b", "c", "d", "e"])
        #expect(try read("a\nb\u{feff}\nc\nd\ne")[1] == "b\u{feff}")
    }

    /// A class may have no name, at the end too.
    @Test func emptyLinesThatNameClassesStay() throws {
        #expect(try read("a\nb\nc\nd\n\n") == ["a", "b", "c", "d", ""])
    }

    @Test func theyMayBeMixed() throws {
        #expect(try read("a\r\nb\nc\r\n\nd\r\n") == ["a", "b", "c", "", "d"])
    }

    /// Where nobody knows how many there are.
    @Test func anyNumberIsRead() throws {
        let file = try temporary.file(
            temporary.write("names.txt", "\u{feff}cat\r\n\r\ngreat dane\n  \n\n")
        ).path
        #expect(try Labels.read(file) == ["cat", "", "great dane"])
    }

    @Test(arguments: [
        ("a\r\nb\r\n", 2), ("a\nb\nc\nd\ne\nf\n\n", 6), ("a\rb\rc\rd", 4),
        ("a\u{2028}b\u{85}c\u{b}d\u{c}e", 1),
    ])
    func anotherNumberIsRefused(text: String, found: Int) throws {
        let error = #expect(throws: InputError.self) { try read(text) }
        #expect(error?.description.contains("expected 5 names") == true)
        #expect(error?.description.hasSuffix("found \(found)") == true)
    }
}
