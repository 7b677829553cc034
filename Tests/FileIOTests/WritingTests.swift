import FileIO
import Foundation
import Testing

/// Writing at once, and what killed writers left.
@Suite struct WritingTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func bytes(_ path: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    }

    // MARK: At once

    @Test func writesUnderTheName() throws {
        let path = folder.path + "/file"
        let long = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 * 37) }
        try writeFile(long, to: path)
        #expect(try bytes(path) == long)
        // What is longer becomes shorter, and a link stays one.
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "file")
        try writeFile("é".utf8, to: link)
        #expect(try bytes(path) == [0xc3, 0xa9])
        try writeFile([UInt8](), to: path)
        #expect(try bytes(path) == [])
        #expect(try folder.contents == ["file", "link"])
    }

    @Test func saysWhatCannotBeWritten() throws {
        let missing = folder.path + "/missing/file"
        let error = #expect(throws: FileError.self) { try writeFile([1], to: missing) }
        #expect(
            error
                == FileError(
                    path: missing, problem: "cannot be created: No such file or directory",
                    reason: .missing))
        #expect(error?.cause == "No such file or directory")
        let folderError = FileError(path: "x", problem: "is a folder, not a file")
        #expect(folderError.cause == folderError.problem)
        #expect(throws: FileError.self) { try writeFile([1], to: folder.path) }
        #if os(Linux)
            let full = #expect(throws: FileError.self) { try writeFile([1], to: "/dev/full") }
            #expect(full?.description == "/dev/full: cannot be written: No space left on device")
        #endif
    }

    /// Foundation begins the file again after the system took only a part of it.
    @Test func noSourceWritesByFoundation() throws {
        let project = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let all = FileManager.default.enumerator(
            at: project.appending(path: "Sources"), includingPropertiesForKeys: nil)
        let files = try #require(all).compactMap { $0 as? URL }
            // A tool of the build, which needs nothing that is built.
            .filter { $0.path.hasSuffix(".swift") && !$0.path.contains("/embed-templates/") }
        #expect(files.count > 100)
        for file in files {
            let code = try String(contentsOf: file, encoding: .utf8)
            #expect(!writesByFoundation(code), "\(file.path): use writeFile or writeAtomically")
        }
    }

    @Test(arguments: [
        ("try Data(text.utf8).write(to: file)", true), ("try data.write(to: file)", true),
        ("try list.json().write(to: file)", true), ("try Data(a)\n    .write(to: b)", true),
        ("try text.write(toFile: path, atomically: true, encoding: .utf8)", true),
        ("manager.createFile(atPath: path, contents: nil)", true),
        ("try NPYArray(shape: shape, values: data).write(to: path)", false),
        ("try output.write(path, Data(text.utf8))", false),
    ])
    func writingByFoundationIsSeen(code: String, isSeen: Bool) {
        #expect(writesByFoundation(code) == isSeen)
    }

    /// As far as names tell; types of our own have a `write(to:)` too.
    private func writesByFoundation(_ code: String) -> Bool {
        if code.contains("atomically:") || code.contains("createFile(atPath:") { return true }
        guard code.contains(".write(to:") else { return false }
        let writing = #/(?:Data\(.*\)|data|text|string|contents|json\(\))\s*\.write\(to:/#
        return code.firstMatch(of: writing) != nil
    }

    // MARK: What killed writers left

    /// Processes that live, those of other machines and other files keep theirs.
    @Test func whatKilledWritersLeftIsRemoved() throws {
        let mark = WritingProcess.mark()
        let own = "\(ProcessInfo.processInfo.processIdentifier)-"
        #expect(mark.hasPrefix(own))
        // No system gives so high a number.
        let gone = "2147483646-\(mark.dropFirst(own.count))"
        let kept = [
            ".hilo-\(mark).tmp", ".hilo-2147483646-0-0.tmp", ".hilo-\(gone)", ".hilo-abc.tmp",
            "\(gone).tmp",
        ]
        for name in kept + [".hilo-\(gone).tmp"] {
            try writeFile([1], to: "\(folder.path)/\(name)")
        }
        try writeAtomically([2], to: folder.path + "/file")
        #expect(try folder.contents == (kept + ["file"]).sorted())
    }

    @Test func marksTellWhoWrites() throws {
        let mark = WritingProcess.mark()
        #expect(mark != WritingProcess.mark())
        let writer = try #require(WritingProcess(mark: Substring(mark)))
        #expect(!writer.isGone)
        for text in ["", "1", "1-2", "0-0-0", "x-0-0", "1-0-0-0"] {
            #expect(WritingProcess(mark: Substring(text)) == nil)
        }
    }
}
