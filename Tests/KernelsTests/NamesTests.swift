import Foundation
import Kernels
import Testing

/// Families are known by name in their own folders and in the registry alone.
@Suite struct NamesTests {
    private static let project = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Swift outside Sources/Kernels knows families through `Computation` and `Kernel`.
    @Test func noOtherSourceNamesAFamily() throws {
        let names = KernelRegistry.families.map { "\($0)" }
        var seen = 0
        for file in try files(below: "Sources", ending: ".swift") where !isKernels(file) {
            let text = try code(file)
            seen += 1
            for name in names {
                #expect(!text.contains(word: name), "\(file.path) names \(name)")
            }
        }
        #expect(seen > 100)
    }

    /// Nor does the C of library and harness: a row of the registry points at its family's case.
    @Test func noSharedTemplateNamesAFamily() throws {
        let ids = KernelRegistry.families.map { $0.id }
        let shared = ["runtime", "harness", "inner", "simd", "library", "build"]
        let templates = try shared.flatMap {
            try files(below: "Templates/c/\($0)", ending: ".mustache")
        }
        #expect(templates.count > 40)
        for file in templates {
            let text = try code(file)
            for id in ids {
                #expect(!text.contains(word: "\(id)_cases"), "\(file.path) names \(id)")
                #expect(!text.contains(word: "\(id)_shape"), "\(file.path) names \(id)")
            }
        }
    }

    private func isKernels(_ file: URL) -> Bool { file.path.contains("/Sources/Kernels/") }

    private func files(below folder: String, ending: String) throws -> [URL] {
        let root = Self.project.appending(path: folder)
        let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        return try #require(all).compactMap { $0 as? URL }.filter { $0.path.hasSuffix(ending) }
    }

    /// Without comments: they may speak of kernels.
    private func code(_ file: URL) throws -> String {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .map { $0.replacing(#/\/\/.*/#, with: "") }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func contains(word: String) -> Bool {
        (try? Regex("\\b\(word)\\b"))?.firstMatchExists(in: self) ?? false
    }
}

extension Regex {
    fileprivate func firstMatchExists(in text: String) -> Bool {
        ((try? firstMatch(in: text)) ?? nil) != nil
    }
}
