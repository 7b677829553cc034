import FileIO
import Foundation
import Synchronization
import Testing

@testable import HiLoKit

/// What becomes of a library's folder when writing fails or is killed on the way.
@Suite struct BrokenWritingTests {
    private let sandbox: Sandbox
    private let manager = FileManager.default

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    private func generate(_ output: String, _ flags: String..., in folder: String = "") async throws
        -> Ending
    {
        try await sandbox.hilo(generation(into: output) + flags, in: folder)
    }

    private func generation(into output: String) -> [String] {
        let configuration = sandbox.file("tiny.yaml").path
        return ["generate", "--config", configuration, "--isa", "generic", "--output", output]
    }

    private func makeFolder(_ name: String) throws {
        try manager.createDirectory(
            at: sandbox.file(name), withIntermediateDirectories: true)
    }

    private func names(in folder: String) throws -> [String] {
        try manager.contentsOfDirectory(atPath: sandbox.file(folder).path).sorted()
    }

    // MARK: Failures

    /// The files beside the weights are smaller than what a file may hold here.
    @Test func weightsThatDoNotFitAreNamedByTheirPlace() async throws {
        let ending = try await sandbox.run(
            URL(fileURLWithPath: "/bin/sh"),
            [
                "-c", #"trap '' XFSZ; ulimit -f 200; exec "$0" "$@""#, sandbox.program.path,
                "generate", "--config", "tiny.yaml", "--isa", "generic", "--no-tuning", "--output",
                "lib",
            ])
        let said = ending.stderr
        #expect(ending.status == 73, "\(said)")
        #expect(said.contains("/lib/weights/tiny.safetensors: cannot be written: "), "\(said)")
        #expect(!said.contains(".partial-"), "\(said)")
        #expect(try sandbox.contents() == ["tiny.yaml"])
    }

    /// The staging's path is as long as a path may be, so that the folder in it cannot be made.
    @Test func aFolderThatCannotBeMadeLeavesNothing() async throws {
        // The last part, by which names differ, has up to 13 digits and rarely less than 12.
        let parts = StagingName.make(for: "lib").split(separator: "-").dropLast()
        let staging = parts.joined(separator: "-").utf8.count + 1 + 13
        var parent = sandbox.folder.path
        let length = Int(PATH_MAX) - 1 - (staging + 1)
        // No name may be longer than 255.
        var rest = length - parent.utf8.count
        while rest > 0 {
            let step = rest < 200 ? rest : 100
            parent += "/" + String(repeating: "x", count: step - 1)
            rest -= step
        }
        try manager.createDirectory(atPath: parent, withIntermediateDirectories: true)
        let ending = try await generate("\(parent)/lib")
        #expect(ending.status == 73, "\(ending.stderr)")
        #expect(try manager.contentsOfDirectory(atPath: parent) == [])
    }

    /// Says nothing where root runs the tests, who may write everywhere.
    @Test func aReplacedLibraryIsRemovedAlsoWhereItIsProtected() async throws {
        #expect(try await generate("lib").status == 0)
        #expect(chmod(sandbox.file("lib/src/kernels").path, 0o555) == 0)
        let ending = try await generate("lib", "--seed", "1")
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(try names(in: ".") == ["lib", "tiny.yaml"])
    }

    // MARK: Kills

    /// Wherever it was killed, the folder is what it was, or the new library as a whole.
    @Test func whatWasMovedOutOfTheWorkingFolderIsPutBack() throws {
        let old = ["build", "report.html"] + OutputPlace.generated.filter { $0 != "files.json" }
        let new = OutputPlace.generated
        for count in 0...old.count + new.count {
            let folder = "here\(count)"
            let staging = "\(folder)/\(StagingName.ofDead(for: sandbox.file(folder).path))"
            for place in ["old", "new"] { try makeFolder("\(staging)/\(place)") }
            for name in old { try sandbox.write("\(folder)/\(name)", "old \(name)") }
            for name in new { try sandbox.write("\(staging)/new/\(name)", "new \(name)") }
            var moves = old.map { ("\(folder)/\($0)", "\(staging)/old/\($0)") }
            moves += new.map { ("\(staging)/new/\($0)", "\(folder)/\($0)") }
            for (from, to) in moves.prefix(count) {
                try manager.moveItem(at: sandbox.file(from), to: sandbox.file(to))
            }
            try AbandonedStaging.clear(for: sandbox.file(folder).path)
            let isNew = count == moves.count
            #expect(try names(in: folder) == (isNew ? new : old).sorted(), "\(count) moves")
            for name in isNew ? new : old {
                let text = try String(
                    contentsOf: sandbox.file("\(folder)/\(name)"), encoding: .utf8)
                #expect(text == (isNew ? "new \(name)" : "old \(name)"), "\(count) moves")
            }
        }
    }

    /// What came since is not lost either.
    @Test func whatStandsInTheWayStays() async throws {
        let staging = "here/\(StagingName.ofDead(for: sandbox.file("here").path))"
        for place in ["old", "new"] { try makeFolder("\(staging)/\(place)") }
        for name in ["\(staging)/old/notes", "\(staging)/new/src", "here/notes"] {
            try sandbox.write(name, name)
        }
        let before = try sandbox.contents()
        let ending = try await generate(".", in: "here")
        #expect(ending.status == 73)
        #expect(ending.stderr.contains("notes is where"), "\(ending.stderr)")
        #expect(try sandbox.contents() == before)
    }

    /// A library of which a part waits is no stranger to the next `generate`, wherever it runs.
    @Test(arguments: [("here", "."), ("", "here")])
    func halfALibraryIsReplaced(folder: String, output: String) async throws {
        for (place, seed) in [("here", "0"), ("there", "1")] {
            #expect(try await generate(place, "--seed", seed).status == 0)
        }
        let files = try names(in: "there")
        let staging = "here/\(StagingName.ofDead(for: sandbox.file("here").path))"
        try makeFolder("\(staging)/old")
        try makeFolder("\(staging)/new")
        for name in files {
            try manager.moveItem(
                at: sandbox.file("here/\(name)"), to: sandbox.file("\(staging)/old/\(name)"))
            // The list of files comes first, and the plan not at all.
            let place = name == "files.json" ? "here" : "\(staging)/new"
            try manager.moveItem(
                at: sandbox.file("there/\(name)"), to: sandbox.file("\(place)/\(name)"))
        }
        let ending = try await generate(output, "--seed", "2", in: folder)
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(try names(in: "here") == files)
    }

    /// Where names cannot be exchanged, there is a moment without a library.
    @Test func aLibraryThatWasMovedAwayIsPutBack() throws {
        let staging = StagingName.ofDead(for: sandbox.file("lib").path)
        for place in ["old", "new"] {
            try makeFolder("\(staging)/\(place)")
            try sandbox.write("\(staging)/\(place)/plan.json", place)
        }
        try AbandonedStaging.clear(for: sandbox.file("lib").path)
        #expect(try String(contentsOf: sandbox.file("lib/plan.json"), encoding: .utf8) == "old")
        #expect(try names(in: ".") == ["lib", "tiny.yaml"])
    }

    /// Of two that find what a killed process left, the second waits for the first, and does what that
    /// one did not do if it was killed too.
    @Test(.enabled("open files cannot be seen", canSeeWhoWaits), arguments: [false, true])
    func onlyOnePutsBack(firstIsKilled: Bool) throws {
        let path = sandbox.file("lib").path
        let staging = StagingName.ofDead(for: path)
        for place in ["old", "new"] {
            try makeFolder("\(staging)/\(place)")
            try sandbox.write("\(staging)/\(place)/plan.json", place)
        }
        let lock = sandbox.file(staging).path
        let recovery = Recovery()
        try withFolderLock(lock) {
            recovery.start(for: path)
            while try openings(of: lock) < 2, !recovery.isDone { usleep(1000) }
            #expect(try names(in: ".") == [staging, "tiny.yaml"])
            if !firstIsKilled {
                try manager.moveItem(
                    at: sandbox.file("\(staging)/old"), to: sandbox.file("lib"))
                try manager.removeItem(at: sandbox.file(staging))
            }
        }
        try recovery.wait()
        #expect(try String(contentsOf: sandbox.file("lib/plan.json"), encoding: .utf8) == "old")
        #expect(try names(in: ".") == ["lib", "tiny.yaml"])
    }

    /// Of two that replace what is in the folder they run in, the second begins when the first is done;
    /// Ctrl-C ends also that.
    @Test(.enabled("open files cannot be seen", canSeeWhoWaits), arguments: [false, true])
    func onlyOneReplacesTheWorkingFolder(isInterrupted: Bool) async throws {
        #expect(try await generate("here").status == 0)
        let before = try sandbox.contents()
        let folder = sandbox.file("here")
        let second = Process()
        try withFolderLock(folder.path) {
            second.executableURL = sandbox.program
            second.currentDirectoryURL = folder
            second.arguments = generation(into: ".") + ["--seed", "1"]
            second.standardError = FileHandle.nullDevice
            second.standardOutput = FileHandle.nullDevice
            try second.run()
            let number = second.processIdentifier
            while second.isRunning, try openings(of: folder.path, by: "\(number)") < 1 {
                usleep(1000)
            }
            #expect(second.isRunning)
            let present = try sandbox.contents().filter { !$0.contains(".partial-") }
            #expect(present == before)
            guard isInterrupted else { return }
            second.interrupt()
            second.waitUntilExit()
            #expect(second.terminationStatus == 130)
            #expect(try sandbox.contents() == before)
        }
        second.waitUntilExit()
        #expect(second.terminationStatus == (isInterrupted ? 130 : 0))
        #expect(try names(in: "here") == OutputPlace.generated.sorted())
    }

    @Test func nothingIsMovedInAFolderThatIsGone() throws {
        #expect(throws: FileError.self) {
            try AbandonedStaging.whileAlone(in: sandbox.file("gone").path) {
                Issue.record("nobody can be alone in it")
            }
        }
    }

    /// A `generate` as far as it clears up. It has a thread of its own, since those of tasks are no
    /// more than the machine's processors, and tests that wait would take all.
    private final class Recovery: Sendable {
        private let result = Mutex<Swift.Result<Void, any Error>?>(nil)

        var isDone: Bool { result.withLock { $0 != nil } }

        func start(for path: String) {
            Thread.detachNewThread {
                let result = Swift.Result { try AbandonedStaging.clear(for: path) }
                self.result.withLock { $0 = result }
            }
        }

        func wait() throws {
            while !isDone { usleep(1000) }
            try result.withLock { try $0?.get() }
        }
    }

    /// How often a process has a file or folder open: who waits for a lock has.
    private func openings(of path: String, by process: String = "self") throws -> Int {
        let folder = "/proc/\(process)/fd"
        let names = (try? manager.contentsOfDirectory(atPath: folder)) ?? []
        return names.count {
            (try? manager.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == path
        }
    }
}

private func canSeeWhoWaits() -> Bool {
    FileManager.default.isReadableFile(atPath: "/proc/self/fd")
}

extension StagingName {
    /// A name as a process of this machine that is no more would give for `path`.
    static func ofDead(for path: String) -> String {
        let own = "-\(ProcessInfo.processInfo.processIdentifier)-"
        // No system gives so high a number.
        return make(for: path).replacing(own, with: "-2147483646-")
    }
}
