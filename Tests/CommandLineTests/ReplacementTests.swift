import FileIO
import Foundation
import Testing

@testable import HiLoKit

/// What `generate` does with a folder that is there already.
@Suite struct ReplacementTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    @discardableResult
    private func generate(_ output: String, _ flags: String..., in folder: String = "") async throws
        -> Ending
    {
        let configuration = sandbox.file("tiny.yaml").path
        let ending = try await sandbox.hilo(
            ["generate", "--config", configuration, "--isa", "generic", "--output", output] + flags,
            in: folder)
        #expect(ending.status == 0, "\(ending.stderr)")
        return ending
    }

    private func expectRefusal(saying words: String...) async throws {
        try await sandbox.expectFailure(
            73, of: ["generate", "--config", "tiny.yaml", "--output", "lib"],
            saying: words + ["lib", "--force"])
    }

    private func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: sandbox.file(name).path)
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOf: sandbox.file(name), encoding: .utf8)
    }

    // MARK: What is not ours

    @Test func whatWasPutIntoALibraryStaysUnlessForced() async throws {
        try await generate("lib")
        let paths = ["harness/mine.c", "include/mine.h", "src/deep/mine.c", "weights/mine.bin"]
        try FileManager.default.createDirectory(
            at: sandbox.file("lib/src/deep"), withIntermediateDirectories: false)
        for (index, path) in paths.reversed().enumerated() {
            try sandbox.write("lib/\(path)", "precious")
            let count = index > 0 ? "one of \(index + 1) files" : "after the library was generated;"
            try await expectRefusal(saying: "\(path) was added", count)
        }
        try await generate("lib", "--force")
        for path in paths { #expect(!exists("lib/\(path)")) }
    }

    @Test(arguments: ["CMakeLists.txt", "plan.json", "src/model.c", "include/tiny.h"])
    func editsStayUnlessForced(path: String) async throws {
        try await generate("lib")
        let before = try text("lib/\(path)")
        // As long as before, but for the plan, of which a blank makes no other.
        let edited = path == "plan.json" ? before + "?" : String(before.dropLast()) + " "
        try sandbox.write("lib/\(path)", edited)
        try await expectRefusal(saying: "\(path) was changed")
        try await generate("lib", "--force")
        #expect(try text("lib/\(path)") == before)
    }

    @Test func otherWeightsStay() async throws {
        try await generate("lib")
        try await generate("other", "--seed", "5")
        let weights = sandbox.file("lib/weights/tiny.safetensors")
        try FileManager.default.removeItem(at: weights)
        try FileManager.default.copyItem(
            at: sandbox.file("other/weights/tiny.safetensors"), to: weights)
        try await expectRefusal(saying: "weights/tiny.safetensors was changed")
        // A library that takes them over loses nothing.
        let library = try GeneratedLibrary(folder: sandbox.file("lib"))
        try library.checkReplaceable()
        try LibraryGenerator(library.plan, keeping: PackedWeights(of: library))
            .write(to: library.folder)
        #expect(
            try Data(contentsOf: weights)
                == Data(contentsOf: sandbox.file("other/weights/tiny.safetensors")))
    }

    @Test func whatIsMadeAnewAndWhatIsMissingAreNoLoss() async throws {
        try await generate("lib")
        for folder in ["build", ".build.partial-1-x"] {
            try FileManager.default.createDirectory(
                at: sandbox.file("lib/\(folder)"), withIntermediateDirectories: false)
            try sandbox.write("lib/\(folder)/object.o", "")
        }
        try sandbox.write("lib/report.html", "")
        // The same plan in other words.
        try sandbox.write("lib/plan.json", text("lib/plan.json") + "\n\n")
        try FileManager.default.removeItem(at: sandbox.file("lib/src/model.c"))
        try await generate("lib")
        #expect(exists("lib/src/model.c"))
        #expect(!exists("lib/build"))
    }

    /// Nobody knows what was edited in it.
    @Test func aLibraryOfAnOlderHiLoIsReplaced() async throws {
        try await generate("lib")
        try FileManager.default.removeItem(at: sandbox.file("lib/files.json"))
        try sandbox.write("lib/src/mine.c", "")
        try await generate("lib")
        #expect(!exists("lib/src/mine.c"))
        try sandbox.write("lib/files.json", "{}")
        try await expectRefusal(saying: "files.json is damaged")
    }

    @Test func noForceReplacesWhatIsNoLibrary() async throws {
        try FileManager.default.createDirectory(
            at: sandbox.file("plans"), withIntermediateDirectories: false)
        try sandbox.write("plans/plan.json", "{}")
        try sandbox.write("plans/notes.txt", "precious")
        try await sandbox.expectFailure(
            73, of: ["generate", "--config", "tiny.yaml", "--output", "plans", "--force"],
            saying: ["plans", "notes.txt", "no"])
    }

    // MARK: Where it is

    @Test func aLinkStaysALink() async throws {
        let manager = FileManager.default
        try manager.createDirectory(
            at: sandbox.file("disk/real"), withIntermediateDirectories: true)
        for (link, target) in [("lib", "disk/real"), ("new", "disk/later")] {
            try manager.createSymbolicLink(
                atPath: sandbox.file(link).path, withDestinationPath: target)
            for _ in 0..<2 { try await generate(link) }
            #expect(
                try manager.destinationOfSymbolicLink(atPath: sandbox.file(link).path) == target)
            #expect(exists("\(target)/plan.json"))
        }
        #expect(
            try Set(manager.contentsOfDirectory(atPath: sandbox.file("disk").path))
                == ["later", "real"])
    }

    /// A shell in it would be left in a folder that is gone.
    @Test func theWorkingFolderStaysTheSame() async throws {
        let folder = sandbox.file("here")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        func number() async throws -> NSNumber? {
            let facts = try FileManager.default.attributesOfItem(atPath: folder.path)
            return facts[.systemFileNumber] as? NSNumber
        }
        let before = try await #require(try number())
        for name in ["old", "later"] {
            try await generate(".", "--name", name, in: "here")
            #expect(try await number() == before)
        }
        try await generate("beside")
        let names = { try FileManager.default.contentsOfDirectory(atPath: sandbox.file($0).path) }
        #expect(try Set(names("here")) == Set(names("beside")))
        #expect(exists("here/include/later.h"))
        #expect(!exists("here/include/old.h"))
        #expect(try Set(names(".")) == ["beside", "here", "tiny.yaml"])
    }

    // MARK: What is left over

    /// Processes that live, and those of other machines, still need theirs.
    @Test func whatAKilledProcessLeftIsRemoved() async throws {
        let process = Process()
        process.executableURL = sandbox.program
        process.arguments = ["--version"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        await process.end()
        let (ours, theirs) = (ProcessInfo.processInfo.processIdentifier, process.processIdentifier)
        let place = sandbox.file("lib").path
        let living = StagingName.make(for: place)
        let dead = living.replacing("-\(ours)-", with: "-\(theirs)-")
        let elsewhere = ".lib.partial-\(theirs)-0-0"
        for name in [living, dead, elsewhere] {
            #expect(StagingName.isOne(name, of: place))
            try FileManager.default.createDirectory(
                at: sandbox.file("\(name)/new"), withIntermediateDirectories: true)
        }
        try await generate("lib")
        #expect(exists(living) && exists(elsewhere))
        #expect(!exists(dead))
    }

    @Test func cancellingLeavesNothing() async throws {
        try await generate("lib")
        let before = try sandbox.contents()
        let library = try GeneratedLibrary(folder: sandbox.file("lib"))
        let work = _Concurrency.Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try LibraryGenerator(library.plan, .seed(1)).write(to: library.folder)
        }
        await #expect(throws: CancellationError.self) { try await work.value }
        #expect(try sandbox.contents() == before)
    }

    // MARK: What is out of date

    @Test func anEditedSourceIsNoticed() async throws {
        try await generate("lib")
        let library = try GeneratedLibrary(folder: sandbox.file("lib"))
        #expect(library.sourceChangedSinceBuild == nil)
        try FileManager.default.createDirectory(
            at: library.buildFolder, withIntermediateDirectories: false)
        try library.record(
            try library.currentSources(["src/cpu.c", "src/model.c", "src/missing.c"]), .threads)
        #expect(library.sourceChangedSinceBuild == nil)
        // A new date alone changes nothing.
        let source = try text("lib/src/model.c")
        try sandbox.write("lib/src/model.c", source)
        #expect(library.sourceChangedSinceBuild == nil)
        try sandbox.write("lib/src/model.c", source + "\n")
        #expect(library.sourceChangedSinceBuild == "src/model.c")
    }

    @Test func aPlanThatIsNotThatOfTheSourcesIsNoted() async throws {
        let environment = ["HILO_CC": "/nonexistent/cc"]
        try await generate("lib")
        for (addition, isNoted) in [("", false), ("\n", true)] {
            try sandbox.write("lib/plan.json", text("lib/plan.json") + addition)
            let ending = try await sandbox.hilo("build", "lib", environment: environment)
            #expect(ending.status == 69)
            #expect(ending.stderr.contains("lib: plan.json was changed") == isNoted)
        }
    }
}
