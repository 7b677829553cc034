import ArrayFiles
import Foundation
import HiLoKit
import ImageFiles
import TestFixtures
import Testing

/// `--calibration` of `hilo generate`.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct CalibrationCommandTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.writeConfiguration()
    }

    private static let flags = [
        "generate", "--config", "tiny.yaml", "--isa", "generic", "--no-tuning", "--output", "lib",
        "--precision", "int8",
    ]

    private func expectFailure(_ status: Int32, of calibration: String, saying words: [String])
        async throws
    {
        try await sandbox.expectFailure(
            status, of: Self.flags + ["--seed", "3", "--calibration", calibration], saying: words)
    }

    private func writePicture(_ name: String) throws {
        let file = sandbox.file(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let pixels = (0..<3 * 20 * 30).map { UInt8(truncatingIfNeeded: $0 &* 31 / 7) }
        try RGBImage(width: 30, height: 20, pixels: pixels).write(to: file.path)
    }

    @Test func flagsThatDoNotGoTogetherAreRefused() async throws {
        try await sandbox.expectFailure(
            64, of: Self.flags,
            saying: ["--precision int8 needs --calibration", "folder", ".npy", "calibration.json"])
        for precision in ["f32", "f32-by-bf16"] {
            try await sandbox.expectFailure(
                64,
                of: Self.flags.dropLast() + [precision, "--calibration", "tiny.yaml"],
                saying: ["--calibration: \(precision) needs none", "--precision bf16 or int8"])
        }
        try await sandbox.expectFailure(
            64, of: Self.flags.dropLast() + ["bf16", "--max-drop", "0.1"],
            saying: ["--max-drop needs --calibration"])
        try await sandbox.expectFailure(
            64, of: Self.flags.dropLast(2) + ["--calibration", "tiny.yaml"],
            saying: ["--calibration: f32 needs none"])
    }

    @Test func badImagesAreRefusedByName() async throws {
        try await expectFailure(65, of: "missing", saying: ["missing", "cannot be opened"])
        try await expectFailure(65, of: "tiny.yaml", saying: ["tiny.yaml", "not a calibration"])
        try FileManager.default.createDirectory(
            at: sandbox.file("empty/in/it"), withIntermediateDirectories: true)
        try await expectFailure(65, of: "empty", saying: ["empty", ".png"])
        try writePicture("pictures/a/good.png")
        try sandbox.write("pictures/b.png", "no picture")
        try await expectFailure(65, of: "pictures", saying: ["pictures/b.png"])
        for shape in [[2, 3, 32, 64], [0, 3, 64, 64], [3, 64, 64]] {
            try NPYArray(shape: shape, values: [Float](repeating: 1, count: shape.reduce(1, *)))
                .write(to: sandbox.file("x.npy").path)
            try await expectFailure(65, of: "x.npy", saying: ["x.npy", "N x 3 x 64 x 64"])
        }
    }

    /// From pictures to a library, and from its calibration to the same library.
    @Test func calibrationsAreKeptAndTakenAgain() async throws {
        try writePicture("pictures/a.png")
        try writePicture("pictures/deep/er/b.PNG")
        let flags = Self.flags + ["--seed", "3", "--calibration"]
        let first = try await sandbox.hilo(flags + ["pictures"])
        #expect(first.status == 0, "\(first.stderr)")
        let text = try String(contentsOf: sandbox.file("lib/calibration.json"), encoding: .utf8)
        #expect(text.contains("\"images\": 2"))
        // Two images that were answered as in single precision.
        #expect(text.contains("\"differing\":0,"))
        #expect(first.stdout.contains("agreement: 2 of 2 images answered as in f32"))
        let weights = try Data(contentsOf: sandbox.file("lib/weights/tiny.safetensors"))

        // The library that is replaced may be the one whose calibration it is. Nothing is measured: there
        // is no compiler.
        let second = try await sandbox.hilo(
            flags + ["lib/calibration.json"], environment: ["HILO_CC": "/no/compiler"])
        #expect(second.status == 0, "\(second.stderr)")
        #expect(
            try String(contentsOf: sandbox.file("lib/calibration.json"), encoding: .utf8) == text)
        #expect(
            try Data(contentsOf: sandbox.file("lib/weights/tiny.safetensors")) == weights)
        try await sandbox.expectFailure(
            65, of: Self.flags + ["--seed", "4", "--calibration", "lib/calibration.json"],
            saying: ["lib/calibration.json", "of other weights"])
        try await expectOtherPromisesToBeRefused(flags + ["lib/calibration.json"])
    }

    /// A file has no images to measure another promise with.
    private func expectOtherPromisesToBeRefused(_ flags: [String]) async throws {
        try await sandbox.expectFailure(
            64, of: flags + ["--max-drop", "0.2"],
            saying: ["--max-drop 0.2", "lib/calibration.json", "--max-drop 0.01", "pictures"])
        for (maxDrop, isMeasured) in [("0.01", true), ("1", false)] {
            let again = try await sandbox.hilo(
                flags + ["--max-drop", maxDrop], environment: ["HILO_CC": "/no/compiler"])
            #expect(again.status == 0, "\(again.stderr)")
            let text = try String(
                contentsOf: sandbox.file("lib/calibration.json"), encoding: .utf8)
            #expect(text.contains("differing") == isMeasured)
        }
        try await sandbox.expectFailure(
            64, of: flags + ["--max-drop", "0.01"],
            saying: ["--max-drop 0.01", "without measuring what int8 changes"])
    }

    /// For bf16 the file says what was promised and kept, and has no scales.
    @Test func bf16IsMeasuredToo() async throws {
        try writePicture("pictures/a.png")
        let flags =
            Self.flags.dropLast() + ["bf16", "--seed", "3", "--calibration"]
        let first = try await sandbox.hilo(flags + ["pictures", "--max-drop", "0"])
        #expect(first.status == 0, "\(first.stderr)")
        #expect(first.stdout.contains("agreement: 1 of 1 images answered as in f32"))
        let file = sandbox.file("lib/calibration.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        for line in [
            "\"precision\": \"bf16\"", "\"images\": 1", "\"maxDrop\":0}", "\"tensors\": []",
        ] {
            #expect(text.contains(line), "\(text)")
        }
        let second = try await sandbox.hilo(
            flags + ["lib/calibration.json"], environment: ["HILO_CC": "/no/compiler"])
        #expect(second.status == 0, "\(second.stderr)")
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
        try await expectFailure(
            65, of: "lib/calibration.json",
            saying: ["lib/calibration.json", "recorded for bf16, expected one for int8"])
        let shown = try await sandbox.hilo(
            flags.map { $0 == "generate" ? "plan" : $0 } + ["lib/calibration.json"])
        #expect(shown.status == 0, "\(shown.stderr)")
    }

    /// A plan says what is kept; images have nothing to add, and the plan needs none.
    @Test func plansOfBF16SayWhatIsKept() async throws {
        let json = try await sandbox.hilo("plan", "--config", "tiny.yaml", "--json").stdout
        let target = try Target(
            isa: .generic, precision: .bf16, kept: [KeptLayer("head", in: .f32, error: 0.25)])
        let plan = try Planner(Plan(json: Data(json.utf8)).network, target).plan()
        try sandbox.write("plan.json", plan.json)
        let flags = ["generate", "--plan", "plan.json", "--seed", "3", "--output", "lib"]
        try writePicture("pictures/a.png")
        try await sandbox.expectFailure(
            64, of: flags + ["--calibration", "pictures"],
            saying: ["--calibration: --plan says", "bf16 has no scales"])
        try await sandbox.expectFailure(
            64, of: flags + ["--max-drop", "0.1"], saying: ["--max-drop: --plan says"])
        let generated = try await sandbox.hilo(flags)
        #expect(generated.status == 0, "\(generated.stderr)")
        let told = try await sandbox.hilo("inspect", "lib")
        #expect(told.stdout.contains("in f32: head"), "\(told.stdout)")
    }

    @Test func badPromisesAreRefused() async throws {
        let flags = Self.flags + ["--seed", "3", "--calibration", "missing"]
        for value in ["1.01", "-0.1", "nan", "99"] {
            try await sandbox.expectFailure(
                64, of: flags + ["--max-drop", value], saying: ["--max-drop is", "from 0 to 1"])
        }
        try await sandbox.expectFailure(
            64, of: flags + ["--max-drop", "1%"], saying: ["--max-drop"])
        try await sandbox.expectFailure(
            64, of: Self.flags.dropLast(2) + ["--max-drop", "0.1"],
            saying: ["--max-drop: f32 has nothing to lift"])
    }

    /// A plan that keeps a layer says so, is taken as it is, and its library says so too.
    @Test func plansSayWhatIsKept() async throws {
        let json = try await sandbox.hilo("plan", "--config", "tiny.yaml", "--json").stdout
        let network = try Plan(json: Data(json.utf8)).network
        let layer = try #require(network.quantisableLayers.first)
        let target = try Target(
            isa: .generic, precision: .int8,
            kept: [KeptLayer(layer, error: 0.125), KeptLayer("head", in: .f32, error: 0.25)])
        try sandbox.write("plan.json", try Planner(network, target).plan().json)
        let shown = try await sandbox.hilo(["plan", "--plan", "plan.json"])
        #expect(shown.status == 0, "\(shown.stderr)")
        let sentence = "in bf16: \(layer), because int8 in it alone moves the outputs by 12.50 %"
        #expect(shown.stdout.contains(sentence))
        #expect(
            shown.stdout.contains(
                "in f32: head, because bf16 in it alone moves the outputs by 25.00 %"))
        #expect(!shown.stdout.contains("in bf16: head"))
        let integers = try await sandbox.hilo(
            "plan", "--config", "tiny.yaml", "--precision", "int8")
        #expect(
            integers.stdout.contains("in f32 by int8: head, because mean cannot write integers"))
        #expect(!shown.stdout.contains("in f32 by int8"))

        // Nothing is measured for a file, so nothing is compiled.
        let tensors = network.quantisable.map { tensor in
            func all(_ value: Float) -> [Float] { .init(repeating: value, count: tensor.channels) }
            return Calibration.Channels(
                name: tensor.name, least: all(-1), greatest: all(2), mean: all(0),
                meanSquare: all(1))
        }
        let weights = try WeightSource.seed(3).matched(network).checksum(for: network)
        try Calibration(weights: weights, images: 9, tensors: tensors)
            .write(to: sandbox.file("calibration.json").path)
        let flags = [
            "generate", "--plan", "plan.json", "--seed", "3", "--output", "lib", "--calibration",
            "calibration.json",
        ]
        try await sandbox.expectFailure(
            64, of: flags + ["--max-drop", "0.1"], saying: ["--max-drop: --plan says"])
        let generated = try await sandbox.hilo(flags)
        #expect(generated.status == 0, "\(generated.stderr)")
        #expect(generated.stdout.contains("kept \(sentence)"))
        for command in [
            ["inspect", "lib"],
            Self.flags.map { $0 == "generate" ? "plan" : $0 } + [
                "--seed", "3", "--calibration", "lib/calibration.json",
            ],
        ] {
            let told = try await sandbox.hilo(command)
            #expect(told.status == 0, "\(told.stderr)")
            #expect(told.stdout.contains("in bf16: \(layer)"), "\(told.stdout)")
        }
    }

    /// A layer takes tokens.
    @Test func layersAreCalibratedWithArrays() async throws {
        let flags = [
            "generate", "--model", "hilo", "--dim", "24", "--heads", "4", "--alpha", "0.5",
            "--resolution", "5x6",
            "--isa", "generic", "--name", "small", "--precision", "int8", "--no-tuning",
            "--output", "lib", "--calibration",
        ]
        try writePicture("pictures/a.png")
        try await sandbox.expectFailure(
            65, of: flags + ["pictures"], saying: ["pictures", "N x 30 x 24", ".npy"])
        try NPYArray(shape: [2, 30, 24], values: (0..<1440).map { Float($0 % 17) - 8 })
            .write(to: sandbox.file("x.npy").path)
        let generated = try await sandbox.hilo(flags + ["x.npy"])
        #expect(generated.status == 0, "\(generated.stderr)")
        #expect(
            generated.stdout.contains("agreement: on 2 images the error is, of the power in f32, "),
            "\(generated.stdout)")
        let text = try String(contentsOf: sandbox.file("lib/calibration.json"), encoding: .utf8)
        #expect(text.contains("\"images\": 2") && text.contains("\"h_proj\""))
        #expect(text.contains("\"error\":"))
    }
}
