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

private func write(_ chunks: [[UInt8]], to path: String) throws {
    let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: chunks.reduce(0) { $0 + $1.count }, alignment: 1)
    defer { bytes.deallocate() }
    bytes.copyBytes(from: chunks.joined())
    var offset = 0
    let buffers = chunks.map { chunk in
        defer { offset += chunk.count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + chunk.count)])
    }
    try writeAtomically(buffers, to: path)
}

private func read(_ path: String) throws -> [UInt8] {
    let file = try InputFile(path: path)
    return try file.read(file.size)
}

@Suite struct FileIOTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func writesChunksInOrderAndReplaces() throws {
        let path = folder.path + "/file"
        try write([[1, 2, 3], [], [4, 5]], to: path)
        #expect(try read(path) == [1, 2, 3, 4, 5])
        try write([[6]], to: path)
        #expect(try read(path) == [6])
        #expect(try folder.contents == ["file"])
    }

    @Test func readsInPieces() throws {
        let path = folder.path + "/file"
        try write([Array(0..<10)], to: path)
        let file = try InputFile(path: path)
        #expect(file.size == 10)
        #expect(try file.read(3) == [0, 1, 2])
        #expect(try file.read(0) == [])
        #expect(try file.read(7) == [3, 4, 5, 6, 7, 8, 9])
        let error = #expect(throws: FileError.self) { try file.read(1) }
        #expect(error?.problem == "became shorter while it was read")
    }

    @Test func oldFileSurvivesAFailedWrite() throws {
        let path = folder.path + "/missing/file"
        let error = #expect(throws: FileError.self) { try write([[1]], to: path) }
        #expect(
            error
                == FileError(
                    path: path, problem: "cannot be created: No such file or directory"))
        #expect(try folder.contents == [])
    }

    @Test func refusesToReplaceWhatIsNoFile() throws {
        for path in [folder.path, "/dev/null"] {
            let error = #expect(throws: FileError.self) { try write([[1]], to: path) }
            #expect(error?.path == path)
            #expect(error?.problem.contains("no regular file") == true)
        }
        #expect(try folder.contents == [])
    }

    @Test func refusesToReadWhatIsNoFile() throws {
        let missing = folder.path + "/missing"
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, problem) in [
            (missing, "cannot be opened: No such file or directory"),
            (folder.path, "is a folder, not a file"),
            (pipe, "is a pipe or a device, not a file"),
        ] {
            let error = #expect(throws: FileError.self) { try read(path) }
            #expect(error == FileError(path: path, problem: problem))
        }
    }
}
