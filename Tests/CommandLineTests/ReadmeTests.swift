import Foundation
import HiLoKit
import Testing

/// The README's lines of Swift are compiled here, and so stay true.
@Suite struct ReadmeTests {
    /// Compiled and never called: it writes into the current folder.
    private func example() async throws {
        // README
        let network = try LITv2(name: "tiny", height: 64, width: 64) {
            PatchEmbedding(channels: 24)
            Stage(depth: 1) { ConvFFN() }
            TokenMerging()
            Stage(depth: 2) {
                HiLoAttention(heads: 4, window: 2, alpha: 0.5); ConvFFN()
            }
            Classifier(classes: 10)
        }
        let plan = try Planner(Network(network), Target(isa: .native())).plan()
        let library = try LibraryGenerator(plan, .seed(1)).write(to: URL(filePath: "tiny"))
        try await library.build(with: .find())
        // README
    }

    private func words(_ text: String) -> [Substring] { text.split { $0.isWhitespace } }

    @Test func theExampleIsTheReadmes() throws {
        let file = URL(filePath: #filePath)
        let marks = try String(contentsOf: file, encoding: .utf8)
            .split(separator: "// README\n").map(String.init)
        let root = file.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let block = try #require(readme.split(separator: "```swift\n").dropFirst().first)
        let code = try #require(block.split(separator: "```").first)
        let imports = "import Foundation\nimport HiLoKit\n"
        // The formatter may break a line that is one in the README, so words are compared.
        let expected = words(imports + marks[1]).joined(separator: " ").replacing("; ", with: " ")
        #expect(words(String(code)).joined(separator: " ").replacing("; ", with: " ") == expected)
    }
}
