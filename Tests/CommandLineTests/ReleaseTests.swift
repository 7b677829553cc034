import Foundation
import HiLoKit
import Testing

/// What a release is made of, as far as that is known without making one (`make test-dist` does).
@Suite struct ReleaseTests {
    private static let project = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func theChangelogBeginsWithThisVersion() throws {
        let text = try String(
            contentsOf: Self.project.appending(path: "CHANGELOG.md"), encoding: .utf8)
        let headings = text.split(separator: "\n").filter { $0.hasPrefix("## ") }
        #expect(headings.first?.hasPrefix("## \(GeneratorVersion.number) ") == true)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func shellsCompleteCommands(shell: String)
        async throws
    {
        let ending = try await Sandbox().hilo("--generate-completion-script", shell)
        #expect(ending.status == 0)
        for word in ["generate", "calibration", "doctor"] {
            #expect(ending.stdout.contains(word), "\(word)")
        }
    }

    /// The first page of the documentation leads to every other one.
    @Test func articlesAreLinked() throws {
        let folder = Self.project.appending(path: "docs/HiLo.docc")
        let first = try String(contentsOf: folder.appending(path: "HiLo.md"), encoding: .utf8)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".md") && $0 != "HiLo.md" }
        #expect(names.count > 10)
        for name in names { #expect(first.contains("<doc:\(name.dropLast(3))>"), "\(name)") }
    }
}
