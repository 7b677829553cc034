import Foundation
import HiLoKit
import Testing

@Suite struct GenerateTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    /// All files below a folder with their bytes.
    private func bytes(_ folder: String) throws -> [String: Data] {
        let root = sandbox.file(folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        let files = paths.filter {
            var isFolder: ObjCBool = false
            let path = root.appending(path: $0).path
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }
        return Dictionary(
            uniqueKeysWithValues: try files.map {
                ($0, try Data(contentsOf: root.appending(path: $0)))
            })
    }

    @Test func theResultDoesNotDependOnPlaceOrLocale() async throws {
        try FileManager.default.createDirectory(
            at: sandbox.file("below/here"), withIntermediateDirectories: true)
        let first = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--isa", "generic", "--seed", "7",
            "--output", "first", environment: ["LC_ALL": "C", "TZ": "UTC"])
        let second = try await sandbox.hilo(
            "generate", "--config", "../../tiny.yaml", "--isa", "generic", "--seed", "7",
            "--output", "../second", in: "below/here",
            environment: ["LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo"])
        #expect(first.status == 0 && second.status == 0)
        let files = try bytes("first")
        #expect(try bytes("below/second") == files)
        for expected in [
            "plan.json", "CMakeLists.txt", "include/tiny.h", "src/model.c",
            "weights/tiny.safetensors",
        ] {
            #expect(files.keys.contains(expected))
        }
        let place = Data(sandbox.folder.path.utf8)
        #expect(files.values.allSatisfy { $0.range(of: place) == nil })
    }

    @Test func theSeedDeterminesTheWeights() async throws {
        let seeds = [("default", []), ("zero", ["--seed", "0"]), ("one", ["--seed", "1"])]
        for (folder, flags) in seeds {
            let ending = try await sandbox.hilo(
                ["generate", "--config", "tiny.yaml", "--output", folder] + flags)
            #expect(ending.status == 0)
            #expect(ending.stderr.contains("seed 0") == (folder == "default"))
        }
        let weights = try ["default", "zero", "one"].map {
            try Data(contentsOf: sandbox.file("\($0)/weights/tiny.safetensors"))
        }
        #expect(weights[0] == weights[1])
        #expect(weights[0] != weights[2])
    }

    /// A layer has the parameters that its checkpoint has, whatever wrapped it, also beside a plan.
    @Test func aWrappedLayerWithoutBiasIsTakenAsItIs() async throws {
        let shapes = ["qkv.weight": [36, 12], "proj.weight": [12, 12], "proj.bias": [12]]
        try SafetensorsWriter(
            tensors: shapes.map {
                .init(name: "module.\($0.key)", elementType: .float32, shape: $0.value)
            }
        ).write(to: sandbox.file("layer.safetensors").path) {
            Data(count: 4 * $0.shape.reduce(1, *))
        }
        let flags = [
            "generate", "--model", "msa", "--dim", "12", "--heads", "2", "--checkpoint",
            "layer.safetensors",
        ]
        let made = try await sandbox.hilo(flags + ["--output", "lib"])
        #expect(made.status == 0, "\(made.stderr)")
        let again = try await sandbox.hilo(
            flags + ["--plan", "lib/plan.json", "--output", "again"])
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try bytes("again") == bytes("lib"))
    }

    @Test func itSaysWhatItWrote() async throws {
        let ending = try await sandbox.hilo(
            "generate", "--config", "tiny.yaml", "--isa", "generic", "--output", "lib")
        let weights = try Data(contentsOf: sandbox.file("lib/weights/tiny.safetensors"))
        #expect(ending.stdout.contains("folder: lib\n"))
        #expect(ending.stdout.contains("isa: generic\n"))
        #expect(ending.stdout.contains("weights: \(weights.count) bytes\n"))
    }

    @Test func aLibraryIsReplacedAsAWhole() async throws {
        for name in ["old", "later"] {
            let ending = try await sandbox.hilo(
                "generate", "--config", "tiny.yaml", "--name", name, "--output", "lib")
            #expect(ending.status == 0)
        }
        let files = try bytes("lib").keys
        #expect(files.contains("include/later.h"))
        #expect(!files.contains("include/old.h"))
        let beside = try FileManager.default.contentsOfDirectory(atPath: sandbox.folder.path)
        #expect(Set(beside) == ["lib", "tiny.yaml"])
    }

    @Test func aFailureLeavesTheOldLibrary() async throws {
        #expect(
            try await sandbox.hilo("generate", "--config", "tiny.yaml", "--output", "lib").status
                == 0)
        let before = try bytes("lib")
        try sandbox.write("broken.pth", "PK\u{3}\u{4} no archive")
        try await sandbox.expectFailure(
            65,
            of: [
                "generate", "--config", "tiny.yaml", "--checkpoint", "broken.pth", "--output",
                "lib",
            ],
            saying: ["broken.pth"])
        #expect(try bytes("lib") == before)
    }

    @Test func aPlanMakesTheSameLibrary() async throws {
        let flags = ["--config", "tiny.yaml", "--isa", "generic", "--batch", "3"]
        #expect(try await sandbox.hilo(["generate", "--output", "one"] + flags).status == 0)
        let printed = try await sandbox.hilo(["plan", "--json"] + flags)
        let written = try Data(contentsOf: sandbox.file("one/plan.json"))
        #expect(Data(printed.stdout.utf8) == written)
        let again = try await sandbox.hilo("generate", "--plan", "one/plan.json", "--output", "two")
        #expect(again.status == 0)
        #expect(try bytes("one") == bytes("two"))
        let compared = try await sandbox.hilo(
            ["generate", "--plan", "one/plan.json", "--output", "three"] + flags)
        #expect(compared.status == 0)
    }

    @Test func aCheckpointGivesTheWeights() async throws {
        try sandbox.writeCheckpoint("tiny.safetensors")
        let common = ["generate", "--config", "tiny.yaml", "--isa", "generic", "--output"]
        #expect(
            try await sandbox.hilo(common + ["file", "--checkpoint", "tiny.safetensors"]).status
                == 0)
        // The checkpoint holds the values of seed 3.
        #expect(try await sandbox.hilo(common + ["seed", "--seed", "3"]).status == 0)
        let weights = try ["file", "seed"].map {
            try Data(contentsOf: sandbox.file("\($0)/weights/tiny.safetensors"))
        }
        let count = 4 * 1024
        #expect(weights[0].suffix(count) == weights[1].suffix(count))
        #expect(weights[0].range(of: Data("checkpoint".utf8)) != nil)
    }

    @Test func flagsChangeAConfiguration() async throws {
        let ending = try await sandbox.hilo(
            "plan", "--config", "tiny.yaml", "--resolution", "96x64", "--alpha", "1",
            "--classes", "9", "--name", "changed")
        #expect(ending.stdout.hasPrefix("changed: LITv2 on 96x64 pixels"))
        #expect(ending.stdout.contains("9 classes"))
        #expect(ending.stdout.contains("stage 3: 0 Hi-Fi and 4 Lo-Fi heads"))
    }
}
