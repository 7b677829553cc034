import Foundation
import Testing

@testable import Toolchain

extension ToolchainTests {
    /// Objects come from the cache where, and only where, they would be made of the same.
    @Suite struct ObjectCacheTests {
        private let sandbox: Sandbox
        private static let found = Task { try await Compiler.find(environment: plainEnvironment) }
        private static let mark = Data("taken from the cache".utf8)

        init() throws {
            sandbox = try Sandbox()
            try write("first")
        }

        private func write(
            _ folder: String, include: String = "\"twice.h\"", twice: String = "return 2 * x;"
        ) throws {
            try sandbox.file(
                "\(folder)/src/a.c",
                "#include <stdint.h>\n# include \(include)\nint a(int x) { return twice(x); }\n")
            try sandbox.file(
                "\(folder)/include/twice.h",
                "#include \"body.h\"\nstatic int twice(int x) { BODY }\n")
            try sandbox.file("\(folder)/include/body.h", "#define BODY \(twice)\n")
        }

        /// The object of `a.c`.
        private func build(_ folder: String, flags: [String] = ["-O1"]) async throws -> Data {
            try await build(with: Self.found.value, recipe(folder, flags))()
        }

        private func recipe(_ folder: String, _ flags: [String] = ["-O1"]) -> BuildRecipe {
            let command = CompileCommand(
                source: sandbox.path("\(folder)/src/a.c"), object: "a.o",
                flags: flags + ["-I", sandbox.path("\(folder)/include").path])
            return BuildRecipe(commands: [command], products: [], threading: .posix)
        }

        private func build(
            with compiler: Compiler, _ recipe: BuildRecipe
        ) -> @Sendable () async throws -> Data {
            let environment = plainEnvironment.merging(
                ["HILO_OBJECT_CACHE": sandbox.path("cache").path]) { $1 }
            // A build folder of its own, so that nothing is up to date.
            let output = sandbox.path("build-\(UUID().uuidString)")
            let build = Build(compiler: compiler, folder: output, environment: environment)
            return {
                _ = try await build.perform(recipe)
                return try Data(contentsOf: output.appendingPathComponent("objects/a.o"))
            }
        }

        private var cached: [URL] {
            get throws {
                try FileManager.default.contentsOfDirectory(
                    at: sandbox.path("cache"), includingPropertiesForKeys: nil,
                    options: .skipsHiddenFiles)
            }
        }

        /// What is taken from here on is seen to be.
        private func markObjects() throws {
            for place in try cached {
                try Self.mark.write(to: place.appendingPathComponent("object.o"))
            }
        }

        @Test func theSameFilesInAnotherFolderAreNotCompiledAgain() async throws {
            let object = try await build("first")
            #expect(try cached.count == 1)
            try write("second")
            #expect(try await build("second") == object)
            try markObjects()
            #expect(try await build("second") == Self.mark)
            #expect(try cached.count == 1)
        }

        /// Libraries differ in such things.
        @Test func commentsAndUnreadNumbersMakeNoOther() async throws {
            _ = try await build("first")
            try markObjects()
            try write("second")
            try sandbox.file(
                "second/include/body.h",
                "/* other */\n#define BODY return 2 * x;\n#define NUMBER 1\n")
            #expect(try await build("second") == Self.mark)
            #expect(try await build("second", flags: ["-O1", "-g"]) != Self.mark)
        }

        @Test func whateverAnObjectDependsOnMakesAnother() async throws {
            let object = try await build("first")
            try markObjects()
            try write("header of a header", twice: "return x + x + 0;")
            #expect(try await build("header of a header") != Self.mark)
            #expect(try await build("first", flags: ["-O1", "-DX"]) != Self.mark)
            // Not beside the header that includes it.
            try sandbox.file("first/src/body.h", "#define BODY return 4 * x;\n")
            #expect(try await build("first") == Self.mark)
            try sandbox.file("first/src/twice.h", "static int twice(int x) { return 3 * x; }\n")
            let nearer = try await build("first")
            #expect(nearer != Self.mark && nearer != object)
        }

        @Test(arguments: [
            ["-include", "stdio.h"], ["-march=native"], ["-isystem", "/usr/include"],
        ])
        func whatCannotBeToldIsCompiled(flags: [String]) async throws {
            _ = try await build("first", flags: flags)
            #expect(throws: (any Error).self) { try cached }
        }

        @Test func includesByMacrosAreCompiled() async throws {
            try write("macro", include: "NAME")
            _ = try await build("macro", flags: ["-DNAME=\"twice.h\""])
            #expect(throws: (any Error).self) { try cached }
        }

        /// They would be told once only.
        @Test func filesWithWarningsAreCompiledAgain() async throws {
            try write("warning", twice: "int unused; return 2 * x;")
            _ = try await build("warning", flags: ["-Wall"])
            #expect(try cached.isEmpty)
        }

        @Test func whatTwoBeginAtTheSameTimeIsCompiledByOne() async throws {
            let real = try await Self.found.value
            let slow = Compiler(
                path: try sandbox.script(
                    "slow", "echo x >> \"$0.log\"; sleep 0.3; exec '\(real.path)' \"$@\""),
                family: real.family, version: real.version, openMP: real.openMP)
            try write("second")
            let builds = ["first", "second"].map { build(with: slow, recipe($0)) }
            async let one = builds[0]()
            async let two = builds[1]()
            #expect(try await one == two)
            #expect(try String(contentsOf: sandbox.path("slow.log"), encoding: .utf8) == "x\n")
        }

        /// It was stopped, or waits for us.
        @Test(.timeLimit(.minutes(1)))
        func anotherBuildThatNeverEndsIsNotWaitedFor() async throws {
            let environment = ["HILO_OBJECT_CACHE": sandbox.path("cache").path]
            let cache = try #require(
                ObjectCache(environment: environment, patience: .milliseconds(30)))
            var files = IncludedFiles()
            let key = try #require(
                cache.key(of: recipe("first").commands[0], try await Self.found.value, [], &files))
            let inner = try await cache.withLock(of: key) {
                try await cache.withLock(of: key) { "made" }
            }
            #expect(inner == "made")
        }

        @Test func aFolderThatCannotBeIsAsGoodAsNone() async throws {
            try sandbox.file("cache", "a file")
            #expect(try await build("first").count > 100)
        }

        /// One of another object under the same name, or none of its own.
        @Test func aDamagedEntryIsNotTaken() async throws {
            let object = try await build("first")
            for place in try cached {
                try Data("other\n".utf8).write(to: place.appendingPathComponent("made-of.txt"))
            }
            try markObjects()
            #expect(try await build("first") == object)
        }
    }
}
