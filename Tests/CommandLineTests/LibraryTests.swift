import ArrayFiles
import Foundation
import HiLoKit
import ImageFiles
import TestFixtures
import Testing

/// From flags to a library that is built, verified and run, on the smallest networks there are.
@Suite(.enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct LibraryTests {
    @Test func aLayerIsBuiltVerifiedRunAndTimed() async throws {
        let sandbox = try Sandbox(optimised: true)
        let generated = try await sandbox.hilo(
            "generate", "--model", "hilo", "--dim", "12", "--heads", "4", "--alpha", "0.5",
            "--resolution", "4x6", "--isa", "generic", "--name", "small", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")

        let built = try await sandbox.hilo("build", "lib")
        #expect(built.status == 0, "\(built.stderr)")
        let products = built.stdout.split(separator: "\n").map(String.init)
        #expect(products.count == 3)
        for product in products { #expect(FileManager.default.fileExists(atPath: product)) }

        try await verify(sandbox)
        try await run(sandbox)
        try await time(sandbox)
        try await edit(sandbox)
        try await damage(sandbox)
    }

    private func verify(_ sandbox: Sandbox) async throws {
        let ending = try await sandbox.hilo("verify", "lib", "--json")
        #expect(ending.status == 0, "\(ending.stdout)")
        #expect(ending.stderr.contains("weights from seed 0"))
        #expect(ending.stdout.contains(#""failed":0"#))
        #expect(ending.stdout.contains(#""name":"image 1","passed":true"#))
        #expect(ending.stdout.contains("small_hifi"))
    }

    private func run(_ sandbox: Sandbox) async throws {
        let input = SeededValues(seed: 5, name: "input").values(3 * 24 * 12)
        try NPYArray(shape: [3, 24, 12], values: input).write(to: sandbox.file("x.npy").path)
        let ending = try await sandbox.hilo(
            "run", "lib", "--input", "x.npy", "--output", "y.npy", "--json")
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(ending.stdout.hasPrefix(#"{"batch":3,"#))
        let output = try NPYArray(contentsOf: sandbox.file("y.npy").path)
        #expect(output.values.count == input.count)
        try await expectTheSameOfDoubles(sandbox, input, output)
        let mean = output.values[..<288].reduce(0) { $0 + Double($1) } / 288
        let text = try await sandbox.hilo("run", "lib", "--input", "x.npy").stdout
        #expect(text.contains("image 2\nshape 24 x 12, mean "))
        #expect(text.contains("mean \(String(format: "%.6f", mean))"))
        try await sandbox.expectFailure(
            73, of: ["run", "lib", "--input", "x.npy", "--output", "nowhere/y.npy"],
            saying: ["nowhere/y.npy", "cannot write"])
    }

    /// The harness reads float64 itself.
    private func expectTheSameOfDoubles(
        _ sandbox: Sandbox, _ input: [Float], _ output: NPYArray
    ) async throws {
        try NPYArray(shape: [3, 24, 12], values: input, elementType: .float64)
            .write(to: sandbox.file("x64.npy").path)
        let ending = try await sandbox.hilo(
            "run", "lib", "--input", "x64.npy", "--output", "y64.npy")
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(try NPYArray(contentsOf: sandbox.file("y64.npy").path) == output)
    }

    private func time(_ sandbox: Sandbox) async throws {
        let ending = try await sandbox.hilo(
            "bench", "lib", "--seconds", "0.05", "--batch", "2", "--json")
        #expect(ending.status == 0, "\(ending.stderr)")
        for key in [
            "median_ms", "p10_ms", "p90_ms", "images_per_second", "batch", "threads", "gflops",
            "peak_gflops",
        ] {
            #expect(ending.stdout.contains("\"\(key)\":"))
        }
    }

    /// What is run is what the sources say now.
    private func edit(_ sandbox: Sandbox) async throws {
        let source = try String(contentsOf: sandbox.file("lib/src/cpu.c"), encoding: .utf8)
        try sandbox.write("lib/src/cpu.c", source + "/* edited */\n")
        let notice = "hilo: lib: src/cpu.c was changed since it was built; building it again"
        for isStale in [true, false] {
            let ending = try await sandbox.hilo("run", "lib", "--input", "x.npy")
            #expect(ending.status == 0, "\(ending.stderr)")
            #expect(ending.stderr.contains(notice) == isStale)
        }
    }

    /// Weights that differ from their seed in one number are found, and the exit code says so, also
    /// without a checksum, as files of earlier versions are.
    private func damage(_ sandbox: Sandbox) async throws {
        let file = sandbox.file("lib/weights/small.safetensors")
        var bytes = try Data(contentsOf: file)
        let plan = try Plan(json: Data(contentsOf: sandbox.file("lib/plan.json")))
        let key = try #require(bytes.range(of: Data("\"values\":".utf8)))
        bytes.replaceSubrange(key, with: Data("\"others\":".utf8))
        // The first weight of the file: half of it, or 1 where it is 0.
        let start = bytes.count - 4 * plan.weightFloats
        bytes.replaceSubrange(start..<start + 4, with: [0, 0, 0x80, 0x40])
        try bytes.write(to: file)
        let wrong = try await sandbox.hilo("verify", "lib")
        #expect(wrong.status == 1)
        #expect(wrong.stdout.contains("image 0: differs from the reference"))
        #expect(wrong.stderr.contains("hilo: error: lib: 2 of "))

        bytes.replaceSubrange(start..<start + 4, with: [0, 0, 0xc0, 0x7f])
        try bytes.write(to: file)
        let undefined = try await sandbox.hilo("verify", "lib")
        #expect(undefined.status == 1)
        #expect(undefined.stdout.contains("image 1: the output or the reference is not finite"))
        let ending = try await sandbox.hilo("run", "lib", "--input", "x.npy")
        #expect(ending.status == 65)
        #expect(ending.stderr.contains("x.npy, image 0: the output is not finite"))
    }

    @Test func aClassifierNamesWhatItSees() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("net.yaml", Self.oneStage)
        try sandbox.write("labels.txt", "cat\ndog\ncow\n")
        let pixels = (0..<3600).map { (index: Int) in UInt8(index * 7 % 256) }
        try RGBImage(width: 40, height: 30, pixels: pixels)
            .write(to: sandbox.file("picture.png").path)
        let generated = try await sandbox.hilo(
            "generate", "--config", "net.yaml", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")

        // Nobody has built it: that happens now.
        let ending = try await sandbox.hilo(
            "run", "lib", "--input", "picture.png", "--labels", "labels.txt", "--json")
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(ending.stderr.contains("hilo: lib is not built yet"))
        let report = try JSONDecoder().decode(Report.self, from: Data(ending.stdout.utf8))
        let top = try #require(report.results.first).top
        #expect(report.batch == 1)
        #expect(Set(top.map(\.label)) == ["cat", "dog", "cow"])
        #expect(top.allSatisfy { ["cat", "dog", "cow"][$0.class] == $0.label })
        #expect(abs(top.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
        #expect(top.map(\.probability) == top.map(\.probability).sorted(by: >))

        let text = try await sandbox.hilo("run", "lib", "--input", "picture.png", "--top", "2")
            .stdout
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("\(top[0].class)  █"))
        #expect(lines[0].hasSuffix(String(format: "%.1f %%", 100 * top[0].probability)))
    }

    private struct Report: Decodable {
        struct Candidate: Decodable {
            let `class`: Int
            let label: String
            let probability: Double
        }

        struct Image: Decodable { let top: [Candidate] }

        let batch: Int
        let results: [Image]
    }

    private static let oneStage = """
        DATA: {IMG_SIZE: 16}
        MODEL:
          TYPE: litv2
          NAME: one
          NUM_CLASSES: 3
          LIT: {EMBED_DIM: 8, DEPTHS: [1], NUM_HEADS: [1], LOCAL_WS: [0], HAS_MSA: [0]}

        """
}
