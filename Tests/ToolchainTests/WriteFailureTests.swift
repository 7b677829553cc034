import Foundation
import Testing

@testable import Toolchain

extension ToolchainTests {
    @Suite struct WriteFailureTests {
        let sandbox: Sandbox
        let source: URL

        init() throws {
            sandbox = try Sandbox()
            source = try sandbox.file("a.c", String(repeating: "x", count: 1000))
        }

        @Test func aFolderWithRoomIsLeftAsItWas() throws {
            try checkRoom(in: sandbox.folder, for: [source.path])
            #expect(sandbox.files == ["a.c"])
        }

        /// The size of what was read counts: a linker removes what it could not finish, and leaves
        /// room for a little.
        @Test func aFolderWithoutRoomIsNamedByItsParent() throws {
            let folder = sandbox.path("gone")
            let error = #expect(throws: ToolchainError.self) {
                try checkRoom(in: folder, for: [source.path, sandbox.path("missing").path])
            }
            let expected = ToolchainError.cannotWrite(
                path: sandbox.folder.path,
                reason: "a file of 66536 bytes in it cannot be created: No such file or directory")
            #expect(error == expected)
        }

        @Test func foundationsErrorsSayWhatTheSystemSaid() {
            let error = #expect(throws: (any Error).self) {
                try FileManager.default.createDirectory(
                    atPath: "/dev/null/nowhere/folder", withIntermediateDirectories: true)
            }
            #expect(error.map { systemReason($0) } == "Not a directory")
        }
    }
}
