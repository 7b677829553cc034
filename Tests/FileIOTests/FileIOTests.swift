import FileIO
import Foundation
import Testing

/// A folder of its own for each test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/hilo-files-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var contents: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

private func read(_ path: String) throws -> [UInt8] {
    let file = try InputFile(path: path)
    return try file.read(file.size)
}

@Suite struct FileIOTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func writesPiecesInOrderAndReplaces() throws {
        let path = folder.path + "/file"
        try writeAtomically(to: path) { file in
            try file.write([1, 2, 3])
            try file.write([])
            // Its bytes do not lie in one piece.
            try file.write([[4], [5, 6]].joined().lazy.map { $0 })
            try file.write("é".utf8)
            try Data([7, 8]).withUnsafeBytes { try file.write($0) }
        }
        #expect(try read(path) == [1, 2, 3, 4, 5, 6, 0xc3, 0xa9, 7, 8])
        try writeAtomically(Data([9]), to: path)
        #expect(try read(path) == [9])
        #expect(try folder.contents == ["file"])
    }

    /// Until the last piece is written, the file is the old one.
    @Test func interruptionLeavesTheOldFile() throws {
        struct Interruption: Error {}
        let path = folder.path + "/file"
        try writeAtomically([1], to: path)
        #expect(throws: Interruption.self) {
            try writeAtomically(to: path) { file in
                try file.write([2])
                #expect(try read(path) == [1])
                #expect(try folder.contents.count == 2)
                throw Interruption()
            }
        }
        #expect(try read(path) == [1])
        #expect(try folder.contents == ["file"])
    }

    @Test func readsInPieces() throws {
        let path = folder.path + "/file"
        try writeAtomically(Array(0..<10), to: path)
        let file = try InputFile(path: path)
        #expect(file.size == 10)
        #expect(try file.read(3) == [0, 1, 2])
        #expect(try file.read(0) == [])
        #expect(try file.read(7) == [3, 4, 5, 6, 7, 8, 9])
        let error = #expect(throws: FileError.self) { try file.read(1) }
        #expect(error?.problem == "became shorter while it was read")
    }

    @Test func nothingIsLeftWhereNothingCanBeWritten() throws {
        let path = folder.path + "/missing/file"
        let error = #expect(throws: FileError.self) { try writeAtomically([1], to: path) }
        #expect(
            error
                == FileError(
                    path: path, problem: "cannot be created: No such file or directory",
                    reason: .missing))
        #expect(try folder.contents == [])
    }

    @Test func refusesToReplaceWhatIsNoFile() throws {
        for path in [folder.path, "/dev/null"] {
            let error = #expect(throws: FileError.self) { try writeAtomically([1], to: path) }
            #expect(error?.path == path)
            #expect(error?.problem.contains("no regular file") == true)
        }
        #expect(try folder.contents == [])
    }

    @Test func refusesToReadWhatIsNoFile() throws {
        let missing = folder.path + "/missing"
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, problem, reason) in [
            (missing, "cannot be opened: No such file or directory", FileError.Reason.missing),
            (folder.path, "is a folder, not a file", .isFolder),
            (pipe, "is a pipe or a device, not a file", .isPipeOrDevice),
        ] {
            let expected = FileError(path: path, problem: problem, reason: reason)
            #expect(throws: expected) { try read(path) }
            #expect(throws: expected) { try MappedFile(path: path) }
        }
    }

    /// What is mapped outlives the name.
    @Test(arguments: [0, 1, 70_001]) func mapsWholeFiles(size: Int) throws {
        let path = folder.path + "/file"
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 37) }
        try writeAtomically(bytes, to: path)
        let mapped = try MappedFile(path: path)
        try FileManager.default.removeItem(atPath: path)
        for file in [mapped, MappedFile(copying: bytes)] {
            #expect(withExtendedLifetime(file) { Array(file.bytes) } == bytes)
        }
    }

    /// Where the file system cannot, nothing has happened.
    @Test func exchangesNames() throws {
        let (one, two) = (folder.path + "/one", folder.path + "/two")
        for (path, byte) in [(one, UInt8(1)), (two, 2)] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            try writeAtomically([byte], to: path + "/file")
        }
        let isDone = try exchange(one, with: two)
        #if os(Linux)
            #expect(isDone)
        #endif
        #expect(try read(one + "/file") == [isDone ? 2 : 1])
        #expect(try read(two + "/file") == [isDone ? 1 : 2])
        #if os(Linux)
            let missing = folder.path + "/missing"
            #expect(throws: FileError.self) { try exchange(one, with: missing) }
        #endif
    }

    /// Large files are not read as a whole, but other weights are told apart.
    @Test(arguments: [0, 1, 5000, 20 << 20]) func digestsTellFilesApart(size: Int) throws {
        let path = folder.path + "/file"
        let bytes = [UInt8](repeating: 7, count: size)
        try writeAtomically(bytes, to: path)
        let digest = try FileDigest(path: path)
        #expect(digest.rawValue.count == 16)
        #expect(bytes.withUnsafeBytes { FileDigest($0) } == digest)
        for other in [bytes + [7], bytes.map { $0 + 1 }, Array(bytes.dropLast()) + [8]]
        where other != bytes {
            try writeAtomically(other, to: path)
            #expect(try FileDigest(path: path) != digest)
        }
    }

    /// Whatever byte changes, wherever a block ends, and in which order they come.
    @Test(arguments: [0, 1, 7, 8, 31, 32, 33, 64, 100]) func checksumsTellBlocksApart(size: Int) {
        func digits(_ blocks: [UInt8]...) -> String {
            var checksum = Checksum()
            for block in blocks { block.withUnsafeBytes { checksum.add($0) } }
            return checksum.digits
        }
        let block = (0..<size).map { UInt8($0) }
        var all: Set = [digits(block), digits(block, []), digits(block, [1]), digits([1], block)]
        #expect(all.count == 4)
        #expect(all.allSatisfy { $0.count == Checksum.none.count })
        for place in block.indices {
            var other = block
            other[place] ^= 0x80
            #expect(all.insert(digits(other)).inserted)
        }
        for end in 1..<max(size, 1) {
            #expect(all.insert(digits(Array(block[..<end]), Array(block[end...]))).inserted)
        }
    }

    @Test func theStartIsRewritten() throws {
        let path = folder.path + "/file"
        try writeAtomically(to: path) { file in
            try file.write([1, 2, 3, 4])
            try file.rewriteStart([9, 8])
            try file.write([5])
        }
        #expect(try read(path) == [9, 8, 3, 4, 5])
    }

    @Test func movesOverWhatIsThere() throws {
        let (old, new) = (folder.path + "/old", folder.path + "/new")
        try writeAtomically([1], to: old)
        try writeAtomically([2], to: new)
        try moveReplacing(new, to: old)
        #expect(try read(old) == [2])
        #expect(try folder.contents == ["old"])
        let error = #expect(throws: FileError.self) { try moveReplacing(new, to: old) }
        #expect(
            error
                == FileError(
                    path: old, problem: "cannot be replaced: No such file or directory",
                    reason: .missing))
    }
}
