import Foundation
import Testing

@testable import Toolchain

extension ToolchainTests {
    @Suite struct CompilerTests {
        let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        private func find(_ path: String, timeLimit: Duration = Compiler.probeTimeLimit)
            async throws -> Compiler
        {
            var environment = plainEnvironment
            environment["HILO_CC"] = path
            return try await Compiler.find(environment: environment, timeLimit: timeLimit)
        }

        private func reason(_ path: String, timeLimit: Duration = Compiler.probeTimeLimit) async
            -> String
        {
            do {
                return "found \(try await find(path, timeLimit: timeLimit))"
            } catch let ToolchainError.noCompiler(tried) where tried.count == 1 {
                return tried[0].reason
            } catch {
                return "\(error)"
            }
        }

        @Test func findsACompilerHere() async throws {
            let compiler = try await Compiler.find(environment: plainEnvironment)
            #expect(FileManager.default.isExecutableFile(atPath: compiler.path))
            #expect(compiler.version.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
            #expect(compiler.openMP?.compileFlags.contains("-fopenmp") == true)
        }

        @Test func aChosenCompilerIsTakenByNameOrPath() async throws {
            let path = try await Compiler.find(environment: plainEnvironment).path
            #expect(try await find(path).path == path)
            let linked = sandbox.path("bin/mine")
            try FileManager.default.createDirectory(
                at: sandbox.path("bin"), withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                at: linked, withDestinationURL: URL(fileURLWithPath: path))
            var environment = plainEnvironment
            environment["HILO_CC"] = "mine"
            environment["PATH"] = "\(sandbox.path("bin").path):\(environment["PATH"] ?? "")"
            #expect(try await Compiler.find(environment: environment).path == linked.path)
        }

        private func brokenCompiler() throws -> String {
            try sandbox.script("broken", "echo 'broken: error: no disk' >&2; exit 1")
        }

        @Test func aFailingCompilerIsSkippedWithItsReason() async throws {
            let broken = try brokenCompiler()
            let working = try await Compiler.find(environment: plainEnvironment)
            let (compiler, rejected) = try await Compiler.firstWorking(
                [broken, working.path].map { CompilerCandidate(label: $0, path: $0) },
                environment: plainEnvironment, timeLimit: Compiler.probeTimeLimit)
            #expect(compiler == working)
            #expect(rejected.map(\.compiler) == [broken])
            #expect(rejected.first?.reason.contains("broken: error: no disk") == true)
        }

        /// Although others here work: who chose one does not want another.
        @Test(arguments: ["HILO_CC", "CC"])
        func aChosenCompilerThatFailsIsAnError(variable: String) async throws {
            let broken = try brokenCompiler()
            let environment = plainEnvironment.merging([variable: broken]) { $1 }
            let error = await #expect(throws: ToolchainError.self) {
                try await Compiler.find(environment: environment)
            }
            let text = error?.description ?? ""
            #expect(text.contains("\(variable)=\(broken): cannot build an OpenMP program"))
            #expect(text.contains("broken: error: no disk"))
            #expect(text.contains("apt-get install clang libomp-dev"))
        }

        @Test func everyCandidateIsListed() async throws {
            let mute = try sandbox.script("mute", "exit 3")
            let error = await #expect(throws: ToolchainError.self) {
                try await Compiler.firstWorking(
                    [
                        CompilerCandidate(label: "CC=nowhere", path: nil),
                        CompilerCandidate(label: mute, path: mute),
                    ], environment: plainEnvironment, timeLimit: .seconds(10))
            }
            let lines = error?.description.split(separator: "\n") ?? []
            #expect(lines.contains { $0.hasPrefix("  CC=nowhere: no such program") })
            #expect(
                lines.contains { $0.hasPrefix("  \(mute): cannot") && $0.hasSuffix("status 3") })
        }

        @Test func noCandidateIsSaidSo() {
            let text = ToolchainError.noCompiler(tried: []).description
            #expect(text.contains("no compiler was found"))
        }

        /// No other compiler would do better, and to install one would not help.
        @Test func aFolderThatCannotBeWrittenIsNoFaultOfTheCompiler() async throws {
            let vandal = try sandbox.script(
                "vandal",
                """
                while [ $# -gt 0 ]; do
                    [ "$1" = -o ] && rm -r "$(dirname "$2")"
                    shift
                done
                exit 1
                """)
            let working = try await Compiler.find(environment: plainEnvironment).path
            let error = await #expect(throws: ToolchainError.self) {
                try await Compiler.firstWorking(
                    [vandal, working].map { CompilerCandidate(label: $0, path: $0) },
                    environment: plainEnvironment, timeLimit: Compiler.probeTimeLimit)
            }
            let text = error?.description ?? ""
            #expect(text.contains("cannot be written: "))
            #expect(text.hasSuffix("No such file or directory"))
        }

        private func serialCompiler() async throws -> String {
            let real = try await Compiler.find(environment: plainEnvironment).path
            return try sandbox.script(
                "serial",
                """
                for argument; do
                    shift
                    [ "$argument" = -fopenmp ] || set -- "$@" "$argument"
                done
                exec '\(real)' "$@"
                """)
        }

        /// Libraries whose threads are their own do without OpenMP.
        @Test func aCompilerWithoutOpenMPIsTakenWhereNoneHasIt() async throws {
            let serial = try await serialCompiler()
            let compiler = try await find(serial)
            #expect(compiler.path == serial)
            #expect(compiler.openMP == nil)
            #expect(try compiler.compileFlags(.posix) == ["-pthread"])
            let error = #expect(throws: ToolchainError.self) { try compiler.compileFlags(.openMP) }
            let text = error?.description ?? ""
            #expect(text.contains(serial))
            #expect(text.contains("--team threads"))
            #expect(text.contains("libomp-dev"))
        }

        @Test func aCompilerWithOpenMPComesFirst() async throws {
            let serial = try await serialCompiler()
            let working = try await Compiler.find(environment: plainEnvironment)
            let (compiler, rejected) = try await Compiler.firstWorking(
                [serial, working.path].map { CompilerCandidate(label: $0, path: $0) },
                environment: plainEnvironment, timeLimit: Compiler.probeTimeLimit)
            #expect(compiler == working)
            #expect(rejected.map(\.compiler) == [serial])
            #expect(rejected.first?.reason.hasPrefix("cannot build an OpenMP program") == true)
        }

        @Test func anOpenMPBuildWithoutItChangesNothing() async throws {
            let source = try sandbox.file("a.c", "int a;\n")
            let compiler = try await find(try await serialCompiler())
            let before = sandbox.files
            let recipe = BuildRecipe(
                commands: [CompileCommand(source: source, object: "a.o", flags: [])], products: [],
                threading: .openMP)
            let error = await #expect(throws: ToolchainError.self) {
                try await Build(compiler: compiler, folder: sandbox.path("build")).perform(recipe)
            }
            #expect(error?.description.contains("--team threads") == true)
            #expect(sandbox.files == before)
        }

        @Test func aHangingCompilerIsRejected() async throws {
            let slow = try sandbox.script("slow", "sleep 1000")
            #expect(
                await reason(slow, timeLimit: .milliseconds(200))
                    == "\(slow): still running after 0.2 seconds, killed")
        }

        /// A stand-in whose "program" is a script.
        private func standIn(_ program: String) throws -> String {
            let result = try sandbox.script("result", program)
            return try sandbox.script(
                "stand-in",
                """
                while [ $# -gt 0 ]; do
                    [ "$1" = -o ] && cp "$(dirname "$0")/\(URL(fileURLWithPath: result)
                        .lastPathComponent)" "$2"
                    shift
                done
                """)
        }

        @Test func aProgramThatDoesNotRunIsRejected() async throws {
            let path = try standIn("echo 'cannot open shared object' >&2; exit 127")
            #expect(
                await reason(path)
                    == "builds an OpenMP program that does not run on 2 threads: "
                    + "cannot open shared object")
        }

        @Test func anUnknownFamilyIsRejected() async throws {
            #expect(await reason(try standIn("printf 'tcc 0.9.27'")) == "neither clang nor gcc")
        }

        #if os(Linux)
            /// A compiler whose programs need a library that only a run path finds.
            @Test func aRunPathIsAddedWhenTheLoaderNeedsOne() async throws {
                let real = try await Compiler.find(environment: plainEnvironment).path
                // The dynamic loader splits run paths at colons and expands $; a plain name is needed.
                let folder = FileManager.default.temporaryDirectory
                    .appendingPathComponent("hilo-\(UUID().uuidString)").resolvingSymlinksInPath()
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: false)
                defer { try? FileManager.default.removeItem(at: folder) }
                let source = try sandbox.file("helper.c", "int helper(void) { return 1; }\n")
                let helper = folder.appendingPathComponent("libhelper.so").path
                let built = try await Program.run(
                    real,
                    arguments: [
                        "-shared", "-fPIC", "-Wl,-soname,libhelper.so", source.path, "-o", helper,
                    ])
                #expect(built.succeeded)
                let path = try sandbox.script(
                    "needy",
                    """
                    case "$1" in
                    -print-file-name=libomp.so) echo '\(folder.path)/libomp.so' ;;
                    *) exec '\(real)' "$@" -Wl,--no-as-needed '\(helper)' ;;
                    esac
                    """)
                let compiler = try await find(path)
                #expect(compiler.openMP?.runtimePath == folder.path)
                let runPath = "-Wl,-rpath,\(folder.path)"
                #expect(compiler.openMP?.linkFlags.contains(runPath) == true)
            }
        #endif
    }
}
