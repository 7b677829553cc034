import Foundation
import Synchronization
import Testing

@testable import Toolchain

extension ToolchainTests {
    @Suite struct ProgramTests {
        let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        @Test func returnsStatusAndBothStreams() async throws {
            let program = try sandbox.script("say", "printf out; printf err >&2; exit 7")
            let output = try await Program.run(program)
            #expect(output == .init(status: .exited(7), stdout: "out", stderr: "err"))
            #expect(!output.succeeded)
        }

        @Test func argumentsArriveUnchanged() async throws {
            let program = try sandbox.script(
                "args", "for a in \"$@\"; do printf '[%s]' \"$a\"; done")
            let arguments = ["a b", "", "$HOME", "'q'", "\"", "*", "new\nline", "ä"]
            let output = try await Program.run(program, arguments: arguments)
            #expect(output.stdout == arguments.map { "[\($0)]" }.joined())
        }

        @Test func environmentIsTheGivenOne() async throws {
            let output = try await Program.run(
                "/usr/bin/env", environment: ["B": "two words", "A": "1=1"])
            #expect(output.stdout == "A=1=1\nB=two words\n")
        }

        @Test func inputReachesStdin() async throws {
            let text = String(repeating: "0123456789abcdef\n", count: 20_000)
            let output = try await Program.run("/bin/cat", input: text)
            #expect(output.stdout == text)
        }

        @Test func withoutInputStdinIsEmpty() async throws {
            #expect(try await Program.run("/bin/cat").stdout == "")
        }

        @Test func aProgramThatIgnoresItsInputDoesNoHarm() async throws {
            let text = String(repeating: "x", count: 1 << 20)
            #expect(
                try await Program.run("/bin/sh", arguments: ["-c", ":"], input: text).succeeded)
        }

        @Test func errorLinesAreHandedOutOneByOne() async throws {
            let program = try sandbox.script(
                "lines", "printf 'one\\n\\ntw' >&2; printf 'o\\nend' >&2")
            let lines = Mutex<[String]>([])
            let output = try await Program.run(program) { line in
                lines.withLock { $0.append(line) }
            }
            #expect(lines.withLock { $0 } == ["one", "", "two", "end"])
            #expect(output.stderr == "one\n\ntwo\nend")
        }

        @Test func whatIsNotKeptIsStillHandedOut() {
            let lines = Mutex<[String]>([])
            var reader = LineReader(limit: 4) { line in lines.withLock { $0.append(line) } }
            for part in ["ab\nc", "d\nef"] {
                Array(part.utf8).withUnsafeBytes { reader.append($0) }
            }
            #expect(reader.finish() == "ab\nc")
            #expect(lines.withLock { $0 } == ["ab", "cd", "ef"])
        }

        @Test func aSignalIsToldFromAStatus() async throws {
            let program = try sandbox.script("die", "kill -9 $$")
            #expect(try await Program.run(program).status == .signalled(9))
        }

        @Test func aMissingProgramIsNamed() async throws {
            let path = sandbox.path("missing").path
            let error = await #expect(throws: ToolchainError.self) { try await Program.run(path) }
            #expect(error?.description.hasPrefix("\(path): cannot be run:") == true)
        }

        @Test func aTimeLimitEndsTheProgram() async throws {
            let error = await #expect(throws: ToolchainError.self) {
                try await Program.run(
                    "/bin/sleep", arguments: ["1000"], timeout: .milliseconds(100))
            }
            #expect(error == .timedOut(program: "/bin/sleep", limit: .milliseconds(100)))
        }

        @Test func aTimeLimitEndsTheWholeGroupEvenIfItResists() async throws {
            let numbers = sandbox.path("numbers")
            let program = try sandbox.script(
                "family", "trap '' TERM; sleep 1000 & echo $$ $! > \"$1\"; wait; wait")
            await #expect(throws: ToolchainError.self) {
                try await Program.run(
                    program, arguments: [numbers.path], timeout: .milliseconds(500), group: .own)
            }
            let text = try String(contentsOf: numbers, encoding: .utf8)
            let processes = text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
            #expect(processes.count == 2)
            for process in processes { #expect(await hasEnded(process)) }
        }

        @Test func cancellingTheTaskEndsTheProgram() async throws {
            let task = Task { try await Program.run("/bin/sleep", arguments: ["1000"]) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }

        /// Waits for a killed orphan to be reaped by its new parent; a zombie has ended too.
        private func hasEnded(_ process: pid_t) async -> Bool {
            for _ in 0..<100 {
                let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
                if kill(process, 0) != 0 || state?.contains(") Z ") == true { return true }
                try? await Task.sleep(for: .milliseconds(50))
            }
            return false
        }
    }
}
