import Foundation
import Testing

/// Libraries and inputs that are refused before anything is built: no compiler is at hand here.
@Suite struct BadLibraryTests {
    private static let noCompiler = ["HILO_CC": "/nonexistent/cc"]
    private let sandbox: Sandbox

    init() async throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        let ending = try await sandbox.hilo("generate", "--config", "tiny.yaml", "--output", "lib")
        #expect(ending.status == 0)
    }

    private func expectBadData(_ command: String, saying words: String...) async throws {
        try await sandbox.expectFailure(
            65, of: command.split(separator: " ").map(String.init), saying: words,
            environment: Self.noCompiler)
    }

    @Test(arguments: ["verify lib", "bench lib", "run lib --input x.npy", "inspect lib"])
    func weightsOfAnotherLibrary(command: String) async throws {
        let other = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--classes", "7", "--output", "other")
        #expect(other.status == 0)
        let weights = sandbox.file("lib/weights/tiny.safetensors")
        try FileManager.default.removeItem(at: weights)
        try FileManager.default.copyItem(
            at: sandbox.file("other/weights/tiny.safetensors"), to: weights)
        try await expectBadData(
            command, saying: "tiny.safetensors", "another network", "fingerprint")
    }

    @Test(arguments: ["verify lib", "bench lib", "run lib --input x.npy", "inspect lib"])
    func missingAndDamagedWeights(command: String) async throws {
        let weights = sandbox.file("lib/weights/tiny.safetensors")
        let whole = try Data(contentsOf: weights)
        try whole.prefix(1000).write(to: weights)
        try await expectBadData(command, saying: "tiny.safetensors", "damaged or incomplete")
        try FileManager.default.removeItem(at: weights)
        try await expectBadData(command, saying: "tiny.safetensors", "no such file")
    }

    /// Zeros would verify: the kernels compute with them as well as with others.
    @Test func weightsWithOtherValues() async throws {
        let weights = sandbox.file("lib/weights/tiny.safetensors")
        let whole = try Data(contentsOf: weights)
        var flipped = whole
        flipped[whole.count - 100] ^= 1
        let half = whole.count / 2
        for changed in [flipped, whole[..<half] + Data(count: whole.count - half)] {
            try changed.write(to: weights)
            for command in ["verify lib", "inspect lib"] {
                try await expectBadData(command, saying: "tiny.safetensors", "damaged", "checksum")
            }
        }
    }

    @Test func aDamagedPlan() async throws {
        let plan = sandbox.file("lib/plan.json")
        try Data(contentsOf: plan).prefix(500).write(to: plan)
        for command in ["build lib", "verify lib", "inspect lib"] {
            try await expectBadData(command, saying: "plan.json")
        }
    }

    /// Without being read into memory first.
    @Test func aPlanAsLargeAsADisk() async throws {
        let plan = try FileHandle(forWritingTo: sandbox.file("lib/plan.json"))
        try plan.truncate(atOffset: 3 << 30)
        try plan.close()
        try await expectBadData(
            "inspect lib", saying: "plan.json", "3221225472 bytes", "expected a plan")
    }

    @Test func inputsThatAreNone() async throws {
        try sandbox.write("text.png", "no image")
        try sandbox.write("text.npy", "no array")
        try sandbox.write("empty.png", "")
        try await expectBadData("run lib --input text.png", saying: "text.png", "PNG")
        try await expectBadData("run lib --input text.npy", saying: "text.npy", "NUMPY")
        try await expectBadData("run lib --input empty.png", saying: "empty.png")
        try await expectBadData("run lib --input none.png", saying: "none.png", "No such file")
        try await expectBadData("run lib --input lib", saying: "lib", "folder")
    }

    @Test func labelsMustFitTheClasses() async throws {
        try sandbox.write("labels.txt", "one\ntwo\n")
        try await expectBadData(
            "run lib --input x.npy --labels labels.txt", saying: "labels.txt", "5 names", "found 2")
    }

    @Test func labelsAreNoLargeFile() async throws {
        try sandbox.write("labels.txt", String(repeating: "\n", count: 2 << 20))
        try await expectBadData("run lib --input x.npy --labels labels.txt", saying: "labels.txt")
    }

    @Test func aLayerTakesNoImage() async throws {
        let ending = try await sandbox.hilo(
            "generate", "--model", "hilo", "--dim", "24", "--heads", "4", "--output", "layer")
        #expect(ending.status == 0)
        try sandbox.write("picture.png", "\u{89}PNG")
        try await expectBadData("run layer --input picture.png", saying: "picture.png", "196 x 24")
    }
}
