import Foundation
import Testing

@testable import Toolchain

/// One test at a time: a script that is being written must not be inherited by another test's
/// child process, or the system refuses to run it.
@Suite(.serialized) struct ToolchainTests {}

/// A folder for one test, removed at its end, whose name would be mangled by any shell.
final class Sandbox {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("it's a \"test\" $(HOME) 100% ; & \\ \(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// Every file under the folder, hidden ones too.
    var files: [String] {
        (try? FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()) ?? []
    }

    @discardableResult
    func file(_ name: String, _ text: String) throws -> URL {
        let file = path(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file
    }

    /// A program of sh that stands for a compiler or a tool.
    @discardableResult
    func script(_ name: String, _ body: String) throws -> String {
        let file = try file(name, "#!/bin/sh\n\(body)\n")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: file.path)
        return file.path
    }
}

/// This machine's environment without what a user may have chosen.
let plainEnvironment = ProcessInfo.processInfo.environment
    .filter { !["HILO_CC", "CC", "HILO_OBJECT_CACHE"].contains($0.key) }
