import FileIO
import Foundation
import Synchronization
import Testing

@testable import Toolchain

extension ToolchainTests {
    @Suite struct BuildTests {
        let sandbox: Sandbox
        let compiler: Compiler
        private static let found = Task { try await Compiler.find(environment: plainEnvironment) }
        var output: URL { sandbox.path("build") }

        init() async throws {
            sandbox = try Sandbox()
            compiler = try await Self.found.value
            try sandbox.file("src/add.h", "int add(int a, int b);\n")
            try sandbox.file(
                "src/add.c",
                "#include \"add.h\"\nint add(int a, int b) { return a + b + EXTRA; }\n")
            try sandbox.file(
                "src/main.c",
                """
                #include <stdio.h>
                #include "add.h"
                int main(void) { printf("%d", add(40, 2)); return 0; }

                """)
        }

        private func command(_ name: String, _ flags: [String] = ["-DEXTRA=0"]) -> CompileCommand {
            CompileCommand(
                source: sandbox.path("src/\(name).c"), object: "\(name).o",
                flags: ["-fPIC"] + flags)
        }

        private func recipe(extra: Int = 0) -> BuildRecipe {
            BuildRecipe(
                commands: [command("add", ["-DEXTRA=\(extra)"]), command("main")],
                headers: [sandbox.path("src/add.h")],
                products: [
                    Product(.archive, name: "libadd.a", objects: ["add.o"]),
                    Product(
                        .sharedLibrary(soname: "libadd.so"), name: "libadd.so", objects: ["add.o"]),
                    Product(.executable, name: "harness/main", objects: ["main.o", "add.o"]),
                ])
        }

        private func build(
            _ recipe: BuildRecipe, jobs: Int = 2, environment: [String: String] = plainEnvironment,
            progress: Build.Progress? = nil
        ) async throws -> BuildReport {
            try await Build(
                compiler: compiler, folder: output, jobs: jobs, environment: environment
            ).perform(recipe, progress: progress)
        }

        private func result() async throws -> String {
            try await Program.run(output.appendingPathComponent("harness/main").path).stdout
        }

        /// File names beside and in the build folder, without the sources.
        private var built: [String] { sandbox.files.filter { !$0.hasPrefix("src") } }

        @Test func makesEachKindOfProduct() async throws {
            let report = try await build(recipe())
            #expect(
                report.products.map(\.lastPathComponent) == ["libadd.a", "libadd.so", "main"])
            #expect(report.compiled.count == 2)
            #expect(report.diagnostics == "")
            #expect(
                built == [
                    "build", "build/harness", "build/harness/main", "build/libadd.a",
                    "build/libadd.so", "build/objects", "build/objects/add.o",
                    "build/objects/add.o.record", "build/objects/main.o",
                    "build/objects/main.o.record",
                ])
            #expect(try await result() == "42")
        }

        #if os(Linux)
            @Test func theSharedLibraryCarriesItsName() async throws {
                _ = try await build(recipe())
                let bytes = try Data(contentsOf: output.appendingPathComponent("libadd.so"))
                #expect(bytes.range(of: Data("\0libadd.so\0".utf8)) != nil)
            }

            @Test func theArchiveIsReproducible() async throws {
                _ = try await build(recipe())
                let archive = output.appendingPathComponent("libadd.a")
                let first = try Data(contentsOf: archive)
                let object = output.appendingPathComponent("objects/add.o")
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: object.path
                )
                _ = try await build(recipe())
                #expect(try Data(contentsOf: archive) == first)
            }

            @Test func aMissingSymbolIsAnErrorOfTheLibrary() async throws {
                let recipe = BuildRecipe(
                    commands: [command("main")],
                    products: [
                        Product(.sharedLibrary(soname: "x"), name: "libx.so", objects: ["main.o"])
                    ])
                let error = await #expect(throws: ToolchainError.self) { try await build(recipe) }
                #expect(error?.description.hasPrefix("libx.so: does not link:") == true)
                #expect(error?.description.contains("add") == true)
                #expect(built == [])
            }
        #endif

        @Test func onlyWhatChangedIsCompiledAgain() async throws {
            _ = try await build(recipe())
            #expect(try await build(recipe()).compiled == [])
            #expect(try await result() == "42")

            let flags = try await build(recipe(extra: 5))
            #expect(flags.compiled == [sandbox.path("src/add.c").path])
            #expect(try await result() == "47")

            try sandbox.file("src/add.c", "int add(int a, int b) { return a * b; }\n")
            #expect(try await build(recipe(extra: 5)).compiled.count == 1)
            #expect(try await result() == "80")

            try sandbox.file("src/add.h", "int add(int a, int b); /* longer */\n")
            #expect(try await build(recipe(extra: 5)).compiled.count == 2)
        }

        @Test func aFileThatBecameOlderCountsAsChanged() async throws {
            _ = try await build(recipe())
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1e9)],
                ofItemAtPath: sandbox.path("src/main.c").path)
            #expect(try await build(recipe()).compiled == [sandbox.path("src/main.c").path])
        }

        @Test func aRefusedFileIsNamedAndNothingStays() async throws {
            try sandbox.file("src/bad.c", "int bad(void) { return undeclared_name; }\n")
            let commands = [command("add"), command("bad"), command("main")]
            let recipe = BuildRecipe(
                commands: commands,
                products: [Product(.archive, name: "libbad.a", objects: ["bad.o"])])
            let error = await #expect(throws: ToolchainError.self) { try await build(recipe) }
            let text = error?.description ?? ""
            #expect(text.hasPrefix("\(sandbox.path("src/bad.c").path): does not compile:"))
            #expect(text.contains("undeclared_name"))
            #expect(built == [])
        }

        @Test func aFailedBuildLeavesTheLastOneAsItWas() async throws {
            _ = try await build(recipe())
            let before = built
            try sandbox.file("src/add.c", "int add(\n")
            await #expect(throws: ToolchainError.self) { try await build(recipe()) }
            #expect(built == before)
            #expect(try await result() == "42")
        }

        @Test func otherFilesInTheFolderStay() async throws {
            try sandbox.file("build/CMakeCache.txt", "mine")
            _ = try await build(recipe())
            #expect(built.contains("build/CMakeCache.txt"))
            try sandbox.file("src/add.c", "int add(\n")
            await #expect(throws: ToolchainError.self) { try await build(recipe()) }
            #expect(built.contains("build/CMakeCache.txt"))
        }

        @Test func warningsAreReported() async throws {
            try sandbox.file("src/add.c", "int add(int a, int b) { int unused; return a + b; }\n")
            let recipe = BuildRecipe(
                commands: [command("add", ["-Wall"])],
                products: [Product(.archive, name: "libadd.a", objects: ["add.o"])])
            #expect(try await build(recipe).diagnostics.contains("unused"))
        }

        @Test(arguments: [1, 3, 16]) func progressCountsEveryFile(jobs: Int) async throws {
            let names = (0..<7).map { "f\($0)" }
            for name in names {
                try sandbox.file("src/\(name).c", "int \(name)(void) { return 0; }\n")
            }
            let recipe = BuildRecipe(
                commands: names.map { command($0) },
                products: [Product(.archive, name: "lib.a", objects: names.map { "\($0).o" })])
            let seen = Mutex<[(Int, Int, String)]>([])
            _ = try await build(recipe, jobs: jobs) { done, total, file in
                seen.withLock { $0.append((done, total, file)) }
            }
            let steps = seen.withLock { $0 }
            #expect(steps.map(\.0) == Array(1...7))
            #expect(steps.allSatisfy { $0.1 == 7 })
            #expect(Set(steps.map(\.2)) == Set(names.map { "\($0).c" }))
        }

        @Test func anObjectWithoutASourceIsNamed() async throws {
            let recipe = BuildRecipe(
                commands: [command("add")],
                products: [Product(.archive, name: "lib.a", objects: ["other.o"])])
            let error = await #expect(throws: ToolchainError.self) { try await build(recipe) }
            #expect(error?.description.contains("no source makes the object other.o") == true)
        }

        @Test func aMissingArchiverIsNamed() async throws {
            let recipe = BuildRecipe(
                commands: [], products: [Product(.archive, name: "lib.a", objects: [])])
            let error = await #expect(throws: ToolchainError.self) {
                try await build(recipe, environment: ["PATH": "/nowhere"])
            }
            #expect(error?.description.contains("binutils") == true)
        }

        @Test func aFolderThatCannotBeMadeIsNamed() async throws {
            try sandbox.file("occupied", "")
            let folder = sandbox.path("occupied/build")
            let error = await #expect(throws: ToolchainError.self) {
                try await Build(compiler: compiler, folder: folder).perform(recipe())
            }
            #expect(error?.description.contains("cannot be written") == true)
        }

        /// A full disk is not the tool's fault, whatever it says: here it takes the place away.
        @Test(arguments: [true, false]) func aToolThatCannotWriteIsNotBlamed(
            compiling: Bool
        ) async throws {
            let tool = try sandbox.script(
                "src/tool",
                """
                while [ $# -gt 0 ]; do
                    [ "$1" = -o ] && rm -r "${2%%.build.partial-*}".build.partial-*
                    shift
                done
                echo 'tool: it is your fault' >&2
                exit 1
                """)
            let recipe = BuildRecipe(
                commands: compiling ? [command("add")] : [],
                products: [Product(.executable, name: "main", objects: [])], threading: .posix)
            let error = await #expect(throws: ToolchainError.self) {
                try await Build(
                    compiler: Compiler(path: tool, family: .gcc, version: "1.0.0", openMP: nil),
                    folder: output, environment: plainEnvironment
                ).perform(recipe)
            }
            let text = error?.description ?? ""
            #expect(text.hasPrefix("\(sandbox.folder.path): cannot be written: "))
            #expect(text.hasSuffix("No such file or directory"))
            #expect(built == [])
        }

        @Test func whatAKilledBuildLeftIsRemoved() async throws {
            let (mark, this) = (WritingProcess.mark(), ProcessInfo.processInfo.processIdentifier)
            // Process numbers end far below this one.
            let dead = mark.replacing("\(this)-", with: "2147483646-", maxReplacements: 1)
            try sandbox.file(".build.partial-\(dead)/objects/add.o", "half")
            let mine = ".build.partial-\(mark)/add.o"
            try sandbox.file(mine, "of a build that still runs")
            _ = try await build(recipe())
            #expect(built.filter { $0.contains("2147483646") } == [])
            #expect(built.contains(mine))
        }
    }
}
