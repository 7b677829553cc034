import FileIO
import Foundation
import Packaging
import TestFixtures
import Testing
import Toolchain

/// What a shared library needs is read from its file, whatever that holds.
@Suite(.enabled("no C compiler") { await Compiler.isThere }) struct SharedObjectTests {
    #if os(Linux)
        @Test func librariesAndVersionsAreThoseThatItWasLinkedWith() async throws {
            try await withLibrary { path in
                let object = try SharedObject(path: path)
                #expect(object.machine == WheelMachine.name)
                #expect(object.libraries.contains("libm.so.6"))
                #expect(object.libraries.contains { $0.hasPrefix("libc.so") })
                #expect(!object.versions.isEmpty)
                #expect(
                    object.versions.allSatisfy { $0.hasPrefix("GLIBC_2.") }, "\(object.versions)")
            }
        }

        /// Cut anywhere, or with any of its numbers changed, it is refused or read, and nothing else.
        @Test func damagedFilesAreRefused() async throws {
            try await withLibrary { path in
                let bytes = try Data(contentsOf: URL(filePath: path))
                let damaged = path + ".damaged"
                for size in [0, 1, 63, 64, 65, 200, bytes.count / 4, bytes.count / 2] {
                    try bytes.prefix(size).write(to: URL(filePath: damaged))
                    #expect(throws: FileError.self) { try SharedObject(path: damaged) }
                }
                var random = SystemRandomNumberGenerator()
                for _ in 0..<500 {
                    var changed = bytes
                    for _ in 0..<20 {
                        changed[Int.random(in: 6..<4096, using: &random)] = .random(in: 0...255)
                    }
                    try changed.write(to: URL(filePath: damaged))
                    _ = try? SharedObject(path: damaged)
                }
            }
        }
    #endif

    @Test func otherFilesAreNamed() throws {
        let error = #expect(throws: FileError.self) { try SharedObject(path: #filePath) }
        #expect(error?.problem.contains("expected a shared library in ELF") == true)
        #expect(throws: FileError.self) { try SharedObject(path: "/nonexistent") }
    }

    private func withLibrary(_ body: (String) throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let source = folder.appending(path: "root.c"),
                library = folder.appending(path: "libroot.so")
            try Data("#include <math.h>\ndouble root(double x) { return cbrt(x); }\n".utf8).write(
                to: source)
            let output = try await Program.run(
                Compiler.shared().path,
                arguments: ["-shared", "-fPIC", source.path, "-o", library.path, "-lm"])
            try #require(output.succeeded, "\(output.stderr)")
            try body(library.path)
        }
    }
}

private enum WheelMachine {
    static let name = {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }()
}
