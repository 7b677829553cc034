import Foundation
import HiLoKit
import TestFixtures
import Testing

@Suite struct BadInputTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    private func generate(_ flags: String...) -> [String] {
        ["generate"] + flags + ["--output", "out"]
    }

    // MARK: Files that are none

    @Test(arguments: ["--config", "--checkpoint", "--plan"]) func missingFile(flag: String)
        async throws
    {
        try await sandbox.expectFailure(
            65, of: generate(flag, "nowhere.x"), saying: ["nowhere.x", "o such file"])
    }

    @Test(arguments: ["--config", "--checkpoint", "--plan"])
    func aFolderIsNoFile(flag: String) async throws {
        try FileManager.default.createDirectory(
            at: sandbox.file("folder"), withIntermediateDirectories: true)
        try await sandbox.expectFailure(65, of: generate(flag, "folder"), saying: ["folder: is a "])
    }

    @Test(arguments: ["--config", "--checkpoint", "--plan"]) func emptyFile(flag: String)
        async throws
    {
        try sandbox.write("empty", "")
        try await sandbox.expectFailure(
            65, of: generate(flag, "empty"), saying: ["empty: ", "empty"])
    }

    // MARK: Configurations

    @Test func aTypoInAConfiguration() async throws {
        try sandbox.write("typo.yaml", Sample.yaml.replacing("EMBED_DIM", with: "EMBDE_DIM"))
        try await sandbox.expectFailure(
            65, of: generate("--config", "typo.yaml"),
            saying: ["typo.yaml, line 7", "EMBDE_DIM", "EMBED_DIM?"])
    }

    @Test func aConfigurationThatIsNoNetwork() async throws {
        try sandbox.write("odd.yaml", Sample.yaml.replacing("IMG_SIZE: 64", with: "IMG_SIZE: 100"))
        try await sandbox.expectFailure(
            65, of: generate("--config", "odd.yaml"), saying: ["odd.yaml", "100x100", "32"])
    }

    /// Found by fuzzing: making its weights took all memory.
    @Test func aConfigurationOfGigabytes() async throws {
        let text = Sample.yaml.replacing(/EMBED_DIM: \d+/, with: "EMBED_DIM: 4720")
        try sandbox.write("large.yaml", text)
        try await sandbox.expectFailure(
            65, of: generate("--config", "large.yaml"), saying: ["large.yaml", "weights; up to"])
    }

    /// A base is a file like the one that names it.
    @Test func basesOfAConfiguration() async throws {
        let folder = sandbox.file("configs/more")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try sandbox.write("configs/child.yaml", "BASE: ['more/base.yaml']\nMODEL: {NAME: tiny}\n")
        let plan = ["plan", "--config", "configs/child.yaml", "--json"]
        let words = ["configs/more/base.yaml: ", "configs/child.yaml, line 1"]
        try await sandbox.expectFailure(65, of: plan, saying: words + ["o such file"])
        let base = sandbox.file("configs/more/base.yaml")
        #expect(mkfifo(base.path, 0o600) == 0)
        try await sandbox.expectFailure(65, of: plan, saying: words + ["is a pipe"])
        try FileManager.default.removeItem(at: base)
        #expect(FileManager.default.createFile(atPath: base.path, contents: nil))
        #expect(truncate(base.path, 1 << 33) == 0)
        try await sandbox.expectFailure(65, of: plan, saying: words + ["has 8589934592 bytes"])
        try Data(Sample.yaml.replacing("NAME: tiny", with: "NAME: base").utf8).write(to: base)
        let ending = try await sandbox.hilo(plan)
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(
            try await ending.stdout
                == sandbox.hilo("plan", "--config", "tiny.yaml", "--json").stdout)
    }

    @Test func aConfigurationThatIsNoText() async throws {
        try Data([0xff, 0xfe, 0x00, 0x41]).write(to: sandbox.file("binary.yaml"))
        try await sandbox.expectFailure(
            65, of: generate("--config", "binary.yaml"), saying: ["binary.yaml", "UTF-8"])
    }

    // MARK: Checkpoints

    @Test func aWebPageSavedAsACheckpoint() async throws {
        try sandbox.write("page.pth", "<!DOCTYPE html>\n<html><body>Quota exceeded</body></html>")
        try await sandbox.expectFailure(
            65, of: generate("--config", "tiny.yaml", "--checkpoint", "page.pth"),
            saying: ["page.pth", "HTML", "hint"])
    }

    @Test func aTruncatedCheckpoint() async throws {
        try sandbox.writeCheckpoint("whole.safetensors")
        let whole = try Data(contentsOf: sandbox.file("whole.safetensors"))
        try whole.dropLast(100).write(to: sandbox.file("cut.safetensors"))
        try await sandbox.expectFailure(
            65, of: generate("--config", "tiny.yaml", "--checkpoint", "cut.safetensors"),
            saying: ["cut.safetensors", "hint"])
    }

    @Test func tensorsOfOtherShapes() async throws {
        try sandbox.writeCheckpoint("shapes.safetensors") { parameters in
            parameters.map { $0.name == "head.weight" ? Parameter($0.name, [5, 95]) : $0 }
        }
        try await sandbox.expectFailure(
            65, of: generate("--config", "tiny.yaml", "--checkpoint", "shapes.safetensors"),
            saying: ["shapes.safetensors", "head.weight", "5×96", "5×95"])
    }

    @Test func unknownAndMissingTensors() async throws {
        try sandbox.writeCheckpoint("names.safetensors") { parameters in
            parameters.map { $0.name == "norm.bias" ? Parameter("extra.bias", $0.shape) : $0 }
        }
        try await sandbox.expectFailure(
            65, of: generate("--config", "tiny.yaml", "--checkpoint", "names.safetensors"),
            saying: ["unexpected: extra.bias", "missing: norm.bias"])
    }

    @Test func weightsOfAnotherModel() async throws {
        try sandbox.writeCheckpoint("tiny.safetensors")
        try await sandbox.expectFailure(
            65,
            of: generate(
                "--model", "hilo", "--dim", "24", "--heads", "4", "--checkpoint",
                "tiny.safetensors"),
            saying: ["tiny.safetensors", "wrong shape: ", "unexpected: head.bias"])
    }

    @Test func aBareCheckpointNamesNoNetwork() async throws {
        try sandbox.writeCheckpoint("tiny.safetensors")
        try await sandbox.expectFailure(
            64, of: generate("--checkpoint", "tiny.safetensors"),
            saying: ["tiny.safetensors carries no configuration", "--model", "--config"])
    }

    // MARK: Plans

    @Test func plansThatAreNone() async throws {
        try sandbox.write("text.json", "a plan")
        try await sandbox.expectFailure(
            65, of: generate("--plan", "text.json"), saying: ["text.json"])
        let plan = try await sandbox.hilo("plan", "--config", "tiny.yaml", "--json").stdout
        #expect(plan.contains(#""classes":5"#))
        try sandbox.write("other.json", plan.replacing(#""classes":5"#, with: #""classes":7"#))
        try await sandbox.expectFailure(
            65, of: generate("--plan", "other.json"), saying: ["other.json", "not consistent"])
    }

    @Test(arguments: [
        (["--batch", "3"], "--batch 3"), (["--isa", "avx2"], "--isa avx2"),
        (["--config", "tiny.yaml", "--classes", "7"], "7 classes"),
        (["--config", "tiny.yaml", "--name", "other"], "other"),
    ])
    func aPlanOfSomethingElse(flags: [String], word: String) async throws {
        let plan = try await sandbox.hilo(
            "plan", "--config", "tiny.yaml", "--isa", "generic", "--json")
        try sandbox.write("plan.json", plan.stdout)
        try await sandbox.expectFailure(
            65, of: generate("--plan", "plan.json") + flags,
            saying: ["plan.json: plans another", word])
    }

    // MARK: Other commands

    @Test(arguments: ["build", "verify", "bench"]) func noLibrary(command: String) async throws {
        try FileManager.default.createDirectory(
            at: sandbox.file("folder"), withIntermediateDirectories: true)
        try await sandbox.expectFailure(
            65, of: [command, "folder"], saying: ["folder", "plan.json"])
        try await sandbox.expectFailure(
            65, of: [command, "nowhere"], saying: ["nowhere", "no such folder"])
        try await sandbox.expectFailure(65, of: [command, "tiny.yaml"], saying: ["tiny.yaml"])
    }

    @Test func convertNeedsACheckpoint() async throws {
        try await sandbox.expectFailure(
            65, of: ["convert", "tiny.yaml", "out.safetensors"], saying: ["tiny.yaml", "expected"])
        try await sandbox.expectFailure(
            65, of: ["convert", "none.pth", "out.safetensors"], saying: ["none.pth"])
    }

    @Test func inspectNeedsACheckpointOrLibrary() async throws {
        try await sandbox.expectFailure(65, of: ["inspect", "tiny.yaml"], saying: ["tiny.yaml"])
        try await sandbox.expectFailure(65, of: ["inspect", "."], saying: ["plan.json"])
    }
}
