import Foundation
import HiLoKit
import TestFixtures
import Testing

/// `hilo tune` and what `generate` makes of its records.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct TuneTests {
    private func generate(_ sandbox: Sandbox, _ folder: String, _ flags: String...) async throws
        -> Ending
    {
        let ending = try await sandbox.hilo(
            [
                "generate", "--model", "hilo", "--dim", "24", "--heads", "4", "--alpha", "0.5",
                "--resolution", "4x6", "--name", "small", "--seed", "3", "--output", folder,
            ]
                + flags)
        #expect(ending.status == 0, "\(ending.stderr)")
        return ending
    }

    private func plan(_ sandbox: Sandbox, _ folder: String) throws -> Data {
        try Data(contentsOf: sandbox.file("\(folder)/plan.json"))
    }

    @Test func aTunedLibraryVerifiesAndItsRecordsAreUsedAgain() async throws {
        let sandbox = try Sandbox()
        #expect(try await !generate(sandbox, "lib").stderr.contains("records"))
        let untuned = try plan(sandbox, "lib")
        let tuned = try await sandbox.hilo(
            "tune", "lib", "--threads", "1", "--json",
            environment: ["OMP_NUM_THREADS": "1"])
        #expect(tuned.status == 0, "\(tuned.stderr)")
        #expect(tuned.stdout.contains(#""rejections":[]"#))
        let verified = try await sandbox.hilo("verify", "lib", "--json")
        #expect(verified.status == 0, "\(verified.stdout)")

        let again = try await sandbox.hilo(
            "generate", "--model", "hilo", "--dim", "24", "--heads", "4", "--alpha", "0.5",
            "--resolution", "4x6", "--name", "small", "--seed", "3", "--output", "again",
            environment: ["OMP_NUM_THREADS": "1"])
        #expect(again.stderr.contains("shapes use tuning records of this machine"))
        #expect(try plan(sandbox, "again") == plan(sandbox, "lib"))
        // Records of one thread say nothing of 3, and nobody has to use them.
        let others = try await sandbox.hilo(
            "plan", "--model", "hilo", "--dim", "24", "--heads", "4", "--alpha", "0.5",
            "--resolution", "4x6", "--name", "small", "--json",
            environment: ["OMP_NUM_THREADS": "3"])
        #expect(Data(others.stdout.utf8) == untuned)
        #expect(try await !generate(sandbox, "plain", "--no-tuning").stderr.contains("records"))
        #expect(try plan(sandbox, "plain") == untuned)
        try await carryRecords(sandbox)
    }

    private func carryRecords(_ sandbox: Sandbox) async throws {
        let exported = try await sandbox.hilo("tune", "--export", "records.json")
        #expect(exported.status == 0, "\(exported.stderr)")
        let other = ["HILO_CACHE": sandbox.file("other").path]
        for flag in ["--import", "--merge"] {
            #expect(
                try await sandbox.hilo("tune", flag, "records.json", environment: other).status == 0
            )
        }
        #expect(
            try Data(contentsOf: sandbox.file("other/tuning.json"))
                == Data(contentsOf: sandbox.file("records.json")))
    }

    @Test func whatCannotBeDoneIsSaid() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("text.json", "no records")
        try await sandbox.expectFailure(64, of: ["tune"], saying: ["give a generated library"])
        try await sandbox.expectFailure(
            64, of: ["tune", "lib", "--export", "x.json"], saying: ["give a generated library"])
        try await sandbox.expectFailure(
            64, of: ["tune", "lib", "--time-limit", "0"], saying: ["--time-limit is 0"])
        try await sandbox.expectFailure(
            65, of: ["tune", "nowhere"], saying: ["nowhere: no such folder"])
        try await sandbox.expectFailure(
            65, of: ["tune", "--merge", "text.json"],
            saying: ["text.json: holds no tuning records"])
        try await sandbox.expectFailure(
            65, of: ["tune", "--import", "none.json"], saying: ["none.json"])
        try await sandbox.expectFailure(
            73, of: ["tune", "--export", "nowhere/x.json"], saying: ["nowhere/x.json"])
        _ = try await generate(sandbox, "lib")
        try await sandbox.expectFailure(
            64, of: ["tune", "lib", "--batch", "9"], saying: ["--batch is 9", "1 to 8"])
    }

    /// The signal comes when the search has begun: its folder is there.
    @Test func anInterruptedSearchLeavesTheLibraryAndNoFiles() async throws {
        let sandbox = try Sandbox()
        _ = try await generate(sandbox, "lib")
        let before = try sandbox.contents()
        let temporary = sandbox.folder.appendingPathExtension("tmp")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: temporary) }

        let process = Process()
        process.executableURL = sandbox.program
        process.arguments = ["tune", "lib", "--effort", "patient"]
        process.currentDirectoryURL = sandbox.folder
        process.environment = ProcessInfo.processInfo.environment.merging([
            "TMPDIR": temporary.path, "HILO_CACHE": sandbox.file("none").path,
        ]) { $1 }
        process.standardError = FileHandle.nullDevice
        try process.run()
        while process.isRunning, try !searchHasBegun(temporary) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(process.isRunning)
        process.interrupt()
        await process.end()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 130)
        #expect(try sandbox.contents() == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path).isEmpty)
    }

    /// Finding the compiler makes folders too, but no kernels.
    private func searchHasBegun(_ temporary: URL) throws -> Bool {
        let enumerator = FileManager.default.enumerator(atPath: temporary.path)
        return enumerator?.contains { ($0 as? String)?.hasSuffix("src/kernels") == true } ?? false
    }
}
