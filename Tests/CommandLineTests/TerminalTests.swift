import FileIO
import Foundation
import HiLoKit
import Testing

/// What a file says is shown on a terminal, never obeyed.
@Suite struct TerminalTests {
    private static let hostile = "evil\u{1b}[2J\u{9b}1m\u{202e}gpj\nhilo: all is well"
    private static let shown = #"evil\u{1B}[2J\u{009B}1m\u{202E}gpj\nhilo: all is well"#

    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    private func writeHostileCheckpoint() throws {
        try sandbox.writeCheckpoint("evil.safetensors") { $0 + [Parameter(Self.hostile, [2, 3])] }
    }

    private func expectHarmless(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let lines = text.split(separator: "\n")
        #expect(lines.allSatisfy { $0 == String($0).printable }, sourceLocation: sourceLocation)
        #expect(
            !lines.contains { $0.hasPrefix("hilo: all is well") }, sourceLocation: sourceLocation)
    }

    @Test func inspectShowsNamesOfTensors() async throws {
        try writeHostileCheckpoint()
        let ending = try await sandbox.hilo("inspect", "evil.safetensors")
        #expect(ending.status == 0)
        expectHarmless(ending.stdout)
        #expect(ending.stdout.contains("\n\(Self.shown)  float32  2 x 3\n"))
    }

    @Test func jsonKeepsThem() async throws {
        struct Summary: Decodable {
            struct Tensor: Decodable { let name: String }
            let tensors: [Tensor]
        }
        try writeHostileCheckpoint()
        let ending = try await sandbox.hilo("inspect", "evil.safetensors", "--json")
        expectHarmless(ending.stdout)
        let summary = try JSONDecoder().decode(Summary.self, from: Data(ending.stdout.utf8))
        #expect(summary.tensors.contains { $0.name == Self.hostile })
    }

    @Test func aMismatchQuotesThem() async throws {
        try writeHostileCheckpoint()
        let ending = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--checkpoint", "evil.safetensors", "--output",
            "lib")
        #expect(ending.status == 65)
        expectHarmless(ending.stderr)
        #expect(ending.stderr.contains("\n  unexpected: \(Self.shown), found 2×3\n"))
    }

    @Test func whatIsLeftOverIsQuotedToo() async throws {
        try writeHostileCheckpoint()
        let ending = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--task", "features", "--checkpoint",
            "evil.safetensors", "--output", "lib")
        #expect(ending.status == 0)
        expectHarmless(ending.stderr)
        #expect(ending.stderr.contains(Self.shown))
    }

    /// YAML has escapes of its own, so a harmless-looking file can hold anything.
    @Test func aConfigurationIsQuoted() async throws {
        try sandbox.write(
            "evil.yaml", "MODEL:\n  TYPE: litv2\n  \"evil\\e[2J\\N\\nhilo: all is well\": 1\n")
        let ending = try await sandbox.hilo("plan", "--config", "evil.yaml")
        #expect(ending.status == 65)
        expectHarmless(ending.stderr)
        #expect(ending.stderr.contains(#"evil\u{1B}[2J\u{0085}\nhilo: all is well: unknown key"#))
    }
}
