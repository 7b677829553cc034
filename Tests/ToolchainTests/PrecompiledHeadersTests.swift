import Foundation
import Testing

@testable import Toolchain

extension ToolchainTests {
    /// A header that many files begin with is compiled once, and objects are what they were.
    @Suite struct PrecompiledHeadersTests {
        private let sandbox: Sandbox
        private static let guarded = "#ifndef COMMON_H\n#define COMMON_H\n"

        init() throws {
            sandbox = try Sandbox()
            for name in ["a", "b", "c"] {
                try sandbox.file(
                    "src/\(name).c",
                    "#include \"common.h\"\nint \(name)(int x) { return twice(x) + EXTRA; }\n")
            }
        }

        /// What the compiler says of the header, which warns whenever it is read, and the objects.
        private func build(
            prefix: String?, in folder: String, environment: [String: String] = plainEnvironment
        ) async throws -> (warnings: Int, objects: [Data]) {
            let commands = ["a", "b", "c"].map {
                CompileCommand(
                    source: sandbox.path("src/\($0).c"), object: "\($0).o",
                    flags: ["-DEXTRA=3", "-O2"],
                    prefix: prefix.map { sandbox.path("src/\($0)") })
            }
            let output = sandbox.path(folder)
            let compiler = try await Compiler.find(environment: environment)
            let report = try await Build(
                compiler: compiler, folder: output, environment: environment
            ).perform(BuildRecipe(commands: commands, products: []))
            return (
                report.diagnostics.components(separatedBy: "was read").count - 1,
                try commands.map {
                    try Data(contentsOf: output.appendingPathComponent("objects/\($0.object)"))
                }
            )
        }

        @Test(arguments: ["clang", "gcc"]) func itIsReadOnce(compiler: String) async throws {
            try sandbox.file(
                "src/common.h",
                Self.guarded + "#warning was read\n"
                    + "static inline int twice(int x) { return 2 * x; }\n#endif\n")
            let environment = plainEnvironment.merging(["HILO_CC": compiler]) { $1 }
            guard (try? await Compiler.find(environment: environment)) != nil else {
                return print("SKIPPED: no \(compiler) that builds OpenMP programs")
            }
            let without = try await build(prefix: nil, in: "without", environment: environment)
            let with = try await build(prefix: "common.h", in: "with", environment: environment)
            // A warning is told with the line and a caret below it: twice a reading.
            #expect(without.warnings >= 3)
            #expect(with.warnings == 0)
            #expect(with.objects == without.objects)
        }

        /// A header that does not compile is the files' error, in the compiler's words.
        @Test func aBrokenOneIsToldOnce() async throws {
            try sandbox.file("src/common.h", Self.guarded + "#error not for you\n#endif\n")
            let error = await #expect(throws: ToolchainError.self) {
                try await build(prefix: "common.h", in: "build")
            }
            #expect(error?.description.contains("not for you") == true)
        }

        /// A file may say that it begins with a header which is not there.
        @Test func aMissingOneIsNoError() async throws {
            try sandbox.file("src/common.h", "static inline int twice(int x) { return 2 * x; }\n")
            let found = try await build(prefix: "other.h", in: "build")
            #expect(found.objects.count == 3)
        }
    }
}
