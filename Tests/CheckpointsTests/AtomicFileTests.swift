import Foundation
import Testing

@testable import Checkpoints

@Suite struct AtomicFileTests {
    private struct Interruption: Error {}

    private func content(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test func writesAndReplaces() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/file"
            try writeFileAtomically([Data("one ".utf8), Data(), Data("two".utf8)], to: path)
            #expect(try content(path) == "one two")
            try writeFileAtomically([Data("new".utf8)], to: path)
            #expect(try content(path) == "new")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
        }
    }

    @Test func interruptionLeavesTheOldFile() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/file"
            try writeFileAtomically([Data("old".utf8)], to: path)
            #expect(throws: Interruption.self) {
                try writeFileAtomically(to: path) { file in
                    try file.write(Data("half".utf8))
                    throw Interruption()
                }
            }
            #expect(try content(path) == "old")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
        }
    }

    @Test func targetThatCannotBeWritten() throws {
        try withTemporaryFolder { folder in
            expectFlaw(.unwritable, "\(folder)/none/file", "No such file") {
                try writeFileAtomically([], to: "\(folder)/none/file")
            }
            let directory = "\(folder)/directory"
            try FileManager.default.createDirectory(
                atPath: "\(directory)/inner", withIntermediateDirectories: true)
            expectFlaw(.unwritable, "no regular file") {
                try writeFileAtomically([], to: directory)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["directory"])
        }
    }
}
