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
        throws
    {
        try sandbox.expectFailure(
            status, of: Self.flags + ["--seed", "3", "--calibration", calibration], saying: words)
    }

    private func writePicture(_ name: String) throws {
        let file = sandbox.file(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        let pixels = (0..<3 * 20 * 30).map { UInt8(truncatingIfNeeded: $0 &* 31 / 7) }
        try RGBImage(width: 30, height: 20, pixels: pixels).write(to: file.path)
    }

    @Test func flagsThatDoNotGoTogetherAreRefused() throws {
        try sandbox.expectFailure(
            64, of: Self.flags,
            saying: ["--precision int8 needs --calibration", "folder", ".npy", "calibration.json"])
        for precision in ["f32", "bf16", "f32-by-bf16"] {
            try sandbox.expectFailure(
                64,
                of: Self.flags.dropLast() + [precision, "--calibration", "tiny.yaml"],
                saying: ["--calibration: \(precision) needs none", "--precision int8"])
        }
        try sandbox.expectFailure(
            64, of: Self.flags.dropLast(2) + ["--calibration", "tiny.yaml"],
            saying: ["--calibration: f32 needs none"])
    }

    @Test func badImagesAreRefusedByName() throws {
        try expectFailure(65, of: "missing", saying: ["missing", "cannot be opened"])
        try expectFailure(65, of: "tiny.yaml", saying: ["tiny.yaml", "not a calibration"])
        try FileManager.default.createDirectory(
            at: sandbox.file("empty/in/it"), withIntermediateDirectories: true)
        try expectFailure(65, of: "empty", saying: ["empty", ".png"])
        try writePicture("pictures/a/good.png")
        try sandbox.write("pictures/b.png", "no picture")
        try expectFailure(65, of: "pictures", saying: ["pictures/b.png"])
        for shape in [[2, 3, 32, 64], [0, 3, 64, 64], [3, 64, 64]] {
            try NPYArray(shape: shape, values: [Float](repeating: 1, count: shape.reduce(1, *)))
                .write(to: sandbox.file("x.npy").path)
            try expectFailure(65, of: "x.npy", saying: ["x.npy", "N x 3 x 64 x 64"])
        }
    }

    /// From pictures to a library, and from its calibration to the same library.
    @Test func calibrationsAreKeptAndTakenAgain() throws {
        try writePicture("pictures/a.png")
        try writePicture("pictures/deep/er/b.PNG")
        let flags = Self.flags + ["--seed", "3", "--calibration"]
        let first = try sandbox.hilo(flags + ["pictures"])
        #expect(first.status == 0, "\(first.stderr)")
        let text = try String(contentsOf: sandbox.file("lib/calibration.json"), encoding: .utf8)
        #expect(text.contains("\"images\": 2"))
        let weights = try Data(contentsOf: sandbox.file("lib/weights/tiny.safetensors"))

        // The library that is replaced may be the one whose calibration it is.
        let second = try sandbox.hilo(flags + ["lib/calibration.json"])
        #expect(second.status == 0, "\(second.stderr)")
        #expect(
            try String(contentsOf: sandbox.file("lib/calibration.json"), encoding: .utf8) == text)
        #expect(
            try Data(contentsOf: sandbox.file("lib/weights/tiny.safetensors")) == weights)
        try sandbox.expectFailure(
            65, of: Self.flags + ["--seed", "4", "--calibration", "lib/calibration.json"],
            saying: ["lib/calibration.json", "of other weights"])
    }

    /// A layer takes tokens.
    @Test func layersAreCalibratedWithArrays() throws {
        let flags = [
            "generate", "--model", "hilo", "--dim", "24", "--heads", "4", "--alpha", "0.5",
            "--resolution", "5x6",
            "--isa", "generic", "--name", "small", "--precision", "int8", "--no-tuning",
            "--output", "lib", "--calibration",
        ]
        try writePicture("pictures/a.png")
        try sandbox.expectFailure(
            65, of: flags + ["pictures"], saying: ["pictures", "N x 30 x 24", ".npy"])
        try NPYArray(shape: [2, 30, 24], values: (0..<1440).map { Float($0 % 17) - 8 })
            .write(to: sandbox.file("x.npy").path)
        let generated = try sandbox.hilo(flags + ["x.npy"])
        #expect(generated.status == 0, "\(generated.stderr)")
        let text = try String(contentsOf: sandbox.file("lib/calibration.json"), encoding: .utf8)
        #expect(text.contains("\"images\": 2") && text.contains("\"h_proj\""))
    }
}
