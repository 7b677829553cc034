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
            seen += 1
            let found = try words(file).intersection(names)
            #expect(found.isEmpty, "\(file.path) names \(found)")
        }
        #expect(seen > 100)
    }

    /// Nor does the C of library and harness: a row of the registry points at its family's case.
    @Test func noSharedTemplateNamesAFamily() throws {
        let names = KernelRegistry.families.flatMap { ["\($0.id)_cases", "\($0.id)_shape"] }
        let shared = ["runtime", "harness", "inner", "simd", "library", "build"]
        let templates = try shared.flatMap {
            try files(below: "Templates/c/\($0)", ending: ".mustache")
        }
        #expect(templates.count > 40)
        for file in templates {
            let found = try words(file).intersection(names)
            #expect(found.isEmpty, "\(file.path) names \(found)")
        }
    }

    private func isKernels(_ file: URL) -> Bool { file.path.contains("/Sources/Kernels/") }

    private func files(below folder: String, ending: String) throws -> [URL] {
        let root = Self.project.appending(path: folder)
        let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        return try #require(all).compactMap { $0 as? URL }.filter { $0.path.hasSuffix(ending) }
    }

    /// Of its code without comments, which may speak of kernels.
    private func words(_ file: URL) throws -> Set<String> {
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let words = lines.flatMap { line in
            let end = line.firstRange(of: "//")?.lowerBound ?? line.endIndex
            return line[..<end].utf8.split { !isPartOfWord($0) }
        }
        return Set(words.map { String(Substring($0)) })
    }

    private func isPartOfWord(_ byte: UInt8) -> Bool {
        let character = Character(UnicodeScalar(byte))
        return character.isLetter || character.isNumber || character == "_"
    }
}
