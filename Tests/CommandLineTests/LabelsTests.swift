import HiLoKit
import Testing

@testable import hilo

@Suite struct LabelsTests {
    private let network: Network
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        // Five classes.
        network = Network(try LITv2(yaml: Sandbox.yaml, source: "tiny.yaml"))
    }

    private func read(_ text: String) throws -> [String] {
        try Labels.read(sandbox.file(sandbox.write("labels.txt", text)).path, for: network)
    }

    @Test(arguments: ["\n", "\r\n"]) func linesEndInEitherWay(end: String) throws {
        let names = ["tench", "", "great white shark", " ray, 🐟", "é"]
        #expect(try read(names.joined(separator: end)) == names)
        #expect(try read(names.map { $0 + end }.joined()) == names)
    }

    @Test func theyMayBeMixed() throws {
        #expect(try read("a\r\nb\nc\r\n\nd\r\n") == ["a", "b", "c", "", "d"])
    }

    @Test(arguments: [
        ("a\r\nb\r\n", 2), ("a\nb\nc\nd\ne\n\n", 6), ("a\rb\rc\rd\re", 1),
        ("a\u{2028}b\u{85}c\u{b}d\u{c}e", 1),
    ])
    func anotherNumberIsRefused(text: String, found: Int) throws {
        let error = #expect(throws: InputError.self) { try read(text) }
        #expect(error?.description.contains("expected 5 names") == true)
        #expect(error?.description.hasSuffix("found \(found)") == true)
    }
}
