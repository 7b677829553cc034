import HiLoKit
import Testing

@Suite struct UsageTests {
    private static let commands = [
        "generate", "build", "verify", "run", "bench", "report", "plan", "inspect", "convert",
        "doctor", "package",
    ]

    @Test func helpListsTheCommands() async throws {
        let ending = try await Sandbox().hilo("--help")
        #expect(ending.status == 0)
        #expect(ending.stderr.isEmpty)
        for command in Self.commands { #expect(ending.stdout.contains("\n  \(command) ")) }
    }

    @Test(arguments: commands) func everyCommandHasHelp(command: String) async throws {
        let ending = try await Sandbox().hilo(command, "--help")
        #expect(ending.status == 0)
        #expect(ending.stdout.contains("USAGE: hilo \(command)"))
    }

    @Test func theVersionSaysWhichFormatsAreRead() async throws {
        let ending = try await Sandbox().hilo("--version")
        #expect(ending.status == 0)
        let plan = Plan.formatVersion
        #expect(
            ending.stdout
                == "hilo \(GeneratorVersion.number) (formats: plan \(plan), weights \(plan), "
                + "calibration \(Calibration.formatVersion), tuning records 1)\n")
        #expect(ending.stderr.isEmpty)
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let arguments: String
        let words: [String]

        init(_ arguments: String, _ words: String...) {
            self.arguments = arguments
            self.words = words
        }

        var testDescription: String { arguments }
    }

    @Test(arguments: [
        Mistake("frobnicate", "frobnicate"),
        Mistake("build", "<dir>"),
        Mistake("package lib", "--wheel", "--tar", "--swift"),
        Mistake("package lib --wheel --tar", "--wheel", "--tar"),
        Mistake("package lib --wheel --swift", "--wheel", "--swift"),
        Mistake("package lib --tar --force", "--force"),
        Mistake("doctor --frobnicate", "--frobnicate"),
        Mistake("generate --model litv2-s", "--output"),
        Mistake("generate --model litv2-x --output out", "--model litv2-x", "litv2-s"),
        Mistake("generate --output out", "--model", "--config"),
        Mistake("generate --model litv2-s --config tiny.yaml --output out", "--model and --config"),
        Mistake("plan --model litv2-s --task describe", "describe", "features"),
        Mistake("plan --model litv2-s --task features --resolution 27x64", "27", "at least 29"),
        Mistake("plan --model litv2-s --task features --classes 10", "--classes", "features"),
        Mistake("plan --model litv2-s --task features --outputs 2,5", "2,5", "1 to 4"),
        Mistake("plan --model litv2-s --task features --outputs 3,2", "3,2", "ascending"),
        Mistake("plan --model litv2-s --task features --outputs all", "all", "2,3,4"),
        Mistake("plan --model litv2-s --outputs 1,2", "--outputs", "--task features"),
        Mistake("plan --model litv2-s --channels-last", "--channels-last", "--task features"),
        Mistake(
            "plan --model hilo --dim 12 --heads 2 --task features", "--task features", "hilo",
            "--model litv2-s"),
        Mistake(
            "generate --model litv2-s --resolution 224 --resolution 224x224 --output out",
            "--resolution 224x224", "twice"),
        Mistake("generate --config tiny.yaml --resolution 100 --output out", "100", "32", "96"),
        Mistake("generate --model litv2-s --resolution 64by64 --output out", "64by64", "800x1344"),
        Mistake("generate --config tiny.yaml --alpha 1.5 --output out", "alpha is 1.5", "0 to 1"),
        Mistake("generate --config tiny.yaml --alpha nan --output out", "alpha is nan"),
        Mistake("generate --config tiny.yaml --classes -1 --output out", "classes is -1"),
        Mistake("generate --config tiny.yaml --classes many --output out", "many", "--classes"),
        Mistake("generate --config tiny.yaml --window 300 --output out", "300", "1 to 256"),
        Mistake("generate --config tiny.yaml --name 2fast --output out", "'2fast'", "identifier"),
        Mistake("generate --config tiny.yaml --name a-b --output out", "'a-b'", "identifier"),
        Mistake("generate --config tiny.yaml --name for --output out", "'for'", "reserved"),
        Mistake("generate --config tiny.yaml --name ../x --output out", "'../x'", "identifier"),
        Mistake("generate --config tiny.yaml --batch 0 --output out", "batch 0", "1 to 1024"),
        Mistake("generate --config tiny.yaml --isa mmx --output out", "mmx", "- avx2\n"),
        Mistake("generate --config tiny.yaml --precision f8 --output out", "f8", "f32"),
        Mistake("generate --config tiny.yaml --seed -1 --output out", "-1", "--seed"),
        Mistake(
            "generate --config tiny.yaml --seed 1 --checkpoint c --output out",
            "--checkpoint and --seed"),
        Mistake("generate --model hilo --output out", "--dim", "--heads"),
        Mistake("plan --model hilo --dim 30 --heads 4", "30 channels", "4 heads"),
        Mistake("plan --model hilo --dim 12 --heads 2 --classes 5", "--classes"),
        Mistake("plan --model litv2-s --heads 2", "--heads", "--model hilo"),
        Mistake(
            "plan --model msa --dim 12 --heads 2 --shift 1", "--shift", "msa", "--model window"),
        Mistake("plan --model sra --dim 12 --heads 2 --sr-ratio 15", "ratio of 15", "1 to 14"),
        Mistake("plan --model window --dim 12 --heads 2 --shift 7", "shift is 7", "0 to 6"),
        Mistake("plan --config tiny.yaml --shift 1", "--shift", "--model window"),
        Mistake("plan --config tiny.yaml --sr-ratio 2", "--sr-ratio", "--model sra"),
        Mistake("plan --config tiny.yaml --heads 2", "--heads", "--model hilo"),
        Mistake("run lib --input x.npy --threads 0", "--threads is 0"),
        Mistake("run lib --input x.npy --top 0", "--top is 0"),
    ])
    func mistakesAreExplained(mistake: Mistake) async throws {
        let sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        try await sandbox.expectFailure(
            64, of: mistake.arguments.split(separator: " ").map(String.init),
            saying: mistake.words)
    }

    @Test func aPlanFixesTheNetwork() async throws {
        let sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        let plan = try await sandbox.hilo("plan", "--config", "tiny.yaml", "--json")
        try sandbox.write("plan.json", plan.stdout)
        try await sandbox.expectFailure(
            64, of: ["generate", "--plan", "plan.json", "--alpha", "0.5", "--output", "out"],
            saying: ["--alpha", "--plan"])
    }

    @Test(arguments: ["run LIB --input x.npy", "bench LIB"])
    func aLibraryHasOneResolution(command: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        #expect(
            try await sandbox.hilo("generate", "--config", "tiny.yaml", "--output", "LIB").status
                == 0)
        try await sandbox.expectFailure(
            64, of: command.split(separator: " ").map(String.init) + ["--resolution", "96"],
            saying: ["96x96", "64x64"])
    }

    @Test(arguments: [
        ["--batch", "9"], ["--batch", "0"], ["--seconds", "0"], ["--seconds", "nan"],
    ])
    func benchRefusesNumbersOutOfRange(flags: [String]) async throws {
        let sandbox = try Sandbox()
        try sandbox.writeConfiguration()
        #expect(
            try await sandbox.hilo("generate", "--config", "tiny.yaml", "--output", "LIB").status
                == 0)
        try await sandbox.expectFailure(
            64, of: ["bench", "LIB"] + flags, saying: [flags[0], flags[1]])
    }
}
