import Foundation
import HiLoKit
import TestFixtures
import Testing

/// `--precision`, from the plan to a library that runs.
struct PrecisionTests {
    private static let layer = [
        "--model", "hilo", "--dim", "24", "--heads", "4", "--alpha", "0.5", "--resolution", "5x6",
        "--isa", "generic", "--name", "small",
    ]

    /// Each kernel's types, and nothing that stayed as it was.
    @Test func plansSayWhatIsNarrow() async throws {
        let sandbox = try Sandbox()
        let flags = ["plan", "--model", "litv2-s", "--isa", "avx2", "--no-tuning"]
        let narrow = try await sandbox.hilo(flags + ["--precision", "bf16"])
        #expect(narrow.status == 0, "\(narrow.stderr)")
        #expect(narrow.stdout.contains("avx2, bf16, batch up to 8"))
        #expect(narrow.stdout.contains(/gemm +\d.* bf16, f32 -> f32/))
        #expect(narrow.stdout.contains(/layer_norm +\d.* f32 -> bf16/))
        #expect(!narrow.stdout.contains("in single precision:"))
        let single = try await sandbox.hilo(flags)
        #expect(single.status == 0 && !single.stdout.contains("bf16"))
    }

    /// The layer's input is read by its products and no kernel of the library writes it.
    @Test func plansSayWhatIsNotNarrowAndWhy() async throws {
        let plan = try await Sandbox().hilo(["plan", "--precision", "bf16"] + Self.layer)
        #expect(plan.status == 0, "\(plan.stderr)")
        #expect(
            plan.stdout.contains(
                "in single precision: h_qkv, because it reads the network's input"))
        #expect(!plan.stdout.contains("in single precision: h_proj"))
    }

    /// A note where no variant has instructions for the precision, and no error.
    @Test(arguments: [
        (["--precision", "bf16", "--isa", "avx2"], "bf16 in avx2: "),
        (
            ["--precision", "bf16", "--isa", "generic", "--isa", "avx512vnni"],
            "bf16 in generic, avx512vnni: "
        ),
        (["--precision", "bf16", "--isa", "avx2", "--isa", "avx512bf16"], nil),
        (["--precision", "bf16", "--isa", "neonbf16"], nil),
        (["--weights", "bf16", "--isa", "avx2"], nil),
        (["--isa", "avx2"], nil),
    ])
    func slowInstructionsAreNoted(flags: [String], note: String?) async throws {
        let sandbox = try Sandbox()
        let generated = try await sandbox.hilo(
            ["generate", "--output", "library"] + Self.layer.dropLast(4) + ["--name", "small"]
                + flags)
        #expect(generated.status == 0, "\(generated.stderr)")
        #expect(generated.stderr.contains("no instructions for") == (note != nil))
        if let note { #expect(generated.stderr.contains("no instructions for " + note)) }
    }

    /// Of an instruction set that this CPU would pass over, where the library has no other for it.
    @Test(arguments: [
        (["--precision", "bf16", "--isa", "avx512bf16"], true),
        (["--precision", "bf16", "--isa", "avx2", "--isa", "avx512bf16"], true),
        (["--precision", "bf16", "--isa", "avx512", "--isa", "avx512bf16"], false),
        (["--weights", "bf16", "--isa", "avx512bf16"], false),
    ])
    func instructionsThatAreSlowHereAreNoted(flags: [String], isNoted: Bool) async throws {
        let cpu = HostCPU.current()
        let isSlowHere =
            cpu.isIntel && ISA.avx512bf16.isAvailable(on: cpu)
            && !ISA.avx512amx.isAvailable(on: cpu)
        let generated = try await Sandbox().hilo(
            ["generate", "--output", "library"] + Self.layer.dropLast(4) + ["--name", "small"]
                + flags)
        #expect(generated.status == 0, "\(generated.stderr)")
        let isSaid = generated.stderr.contains("with --isa avx512 as well")
        #expect(isSaid == (isNoted && isSlowHere), "\(generated.stderr)")
    }

    @Test(.enabled("no C compiler with OpenMP") { await Compiler.isThere })
    func aNarrowLibraryIsBuiltVerifiedAndKeepsToItsWeights() async throws {
        let sandbox = try Sandbox()
        for (precision, folder) in [("bf16", "narrow"), ("f32", "single")] {
            let flags = ["generate", "--precision", precision, "--output", folder] + Self.layer
            let generated = try await sandbox.hilo(flags)
            #expect(generated.status == 0, "\(generated.stderr)")
        }
        #expect(try await sandbox.hilo("build", "narrow").status == 0)
        let verified = try await sandbox.hilo("verify", "narrow", "--json")
        #expect(verified.status == 0, "\(verified.stdout)")
        #expect(verified.stdout.contains("small_gemm_of_bf16"))
        try FileManager.default.removeItem(at: sandbox.file("narrow/weights/small.safetensors"))
        try FileManager.default.copyItem(
            at: sandbox.file("single/weights/small.safetensors"),
            to: sandbox.file("narrow/weights/small.safetensors"))
        try await sandbox.expectFailure(
            65, of: ["verify", "narrow"],
            saying: ["small.safetensors", "another network, precision or version"])
    }

    /// `--weights bf16` leaves what products read as it is.
    @Test func weightsAloneAreNarrow() async throws {
        let sandbox = try Sandbox()
        for flags in [["--weights", "bf16"], ["--precision", "f32-by-bf16"]] {
            let plan = try await sandbox.hilo(["plan"] + flags + Self.layer)
            #expect(plan.status == 0, "\(plan.stderr)")
            #expect(plan.stdout.contains("generic, f32-by-bf16, batch up to 8"))
            #expect(plan.stdout.contains("bf16 weights") && !plan.stdout.contains("-> bf16"))
        }
        try await sandbox.expectFailure(
            64, of: ["plan", "--precision", "bf16", "--weights", "f32"] + Self.layer,
            saying: ["--weights f32, but --precision bf16 has bf16"])
    }

    @Test func aPlanOfAnotherPrecisionIsRefused() async throws {
        let sandbox = try Sandbox()
        let plan = try await sandbox.hilo(["plan", "--json", "--precision", "bf16"] + Self.layer)
        try sandbox.write("plan.json", plan.stdout)
        try await sandbox.expectFailure(
            65,
            of: ["generate", "--precision", "f32", "--plan", "plan.json", "--output", "lib"]
                + Self.layer,
            saying: ["--precision f32, but it is for bf16"])
        let flags = ["generate", "--plan", "plan.json", "--output", "lib"] + Self.layer
        #expect(try await sandbox.hilo(flags).status == 0)
    }
}
