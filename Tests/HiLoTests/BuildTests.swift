import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

@testable import Planning

/// Libraries as users build and link them.
@Suite(.serialized) struct BuildTests {
    static let strict = ["-Werror"]

    private func generate(_ isas: [ISA], in folder: URL, network: Network? = nil) throws
        -> GeneratedLibrary
    {
        let target = try Target(isas: isas, maxBatch: 3)
        let plan = try Planner(network ?? smallNetwork(), target).plan()
        return try LibraryGenerator(plan, .seed(5)).write(to: folder.appending(path: "library"))
    }

    /// With each compiler of this machine, for all instruction sets that it has in common with this
    /// machine, without a warning; every kernel that this CPU can run is right. Of other
    /// instruction sets than the CPU's own, Clang compiles what `everyInstructionSetCompiles` and
    /// `moreInstructionsChangeNothing` have.
    @Test(arguments: [("clang", Team.openMP), ("gcc", .threads)])
    func buildsWithoutWarningsAndVerifies(family: String, team: Team) async throws {
        guard let compiler = try await Compiler.of(family: family) else {
            return print("SKIPPED: no \(family) that builds OpenMP programs")
        }
        try await withTemporaryFolder { folder in
            let isas = ISA.all.filter { $0.architecture == nil || $0.architecture == .host }
            let chosen = TestScope.isLong || family == "gcc" ? isas : [.native()]
            let library = try generate(chosen, in: folder)
            try await library.build(with: compiler, team: team, extraFlags: Self.strict)
            let result = try await Verifier(library, seed: 3, threads: 2).verify()
            #expect(result.passed, "\(result)")
            let kernels = library.plan.variants.map { ($0.isa, $0.kernels.count) }
            let runnable = kernels.filter { library.runnable().contains($0.0) }
            #expect(result.network.count == 2 * runnable.count)
            #expect(result.kernels.count == runnable.reduce(0) { $0 + $1.1 })
            #expect(
                result.kernels.count + result.skipped.count == kernels.reduce(0) { $0 + $1.1 })
        }
    }

    /// A fused kernel and its separate twins compute the same network.
    @Test func fusedAndSeparateKernelsAgree() async throws {
        let target = try Target(isa: .native(), maxBatch: 2)
        let fused = try Planner(smallNetwork(), target).plan()
        let plain = try fused.replanned(with: Decisions([:]))
        #expect(
            fused.variants[0].passes[0].steps.count < plain.variants[0].passes[0].steps.count)
        let plans = [(id: "fused", plan: fused), (id: "plain", plan: plain)]
        let farm = try await LibraryFarm.grow(plans, isa: .native())
        defer { farm.remove() }
        let images = seededInputs(batch: 2, count: 3 * 64 * 96, seed: 8)
        let outputs = try plans.map { id, plan in
            try farm.with(id, plan, .seed(8)) { try $0.run(images, threads: 2).flatMap { $0 } }
        }
        let largest = outputs[1].reduce(0) { max($0, abs($1)) }
        let difference = zip(outputs[0], outputs[1]).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(largest > 0.1 && difference <= 1e-5 * largest)
    }

    /// The C program of the README compiles against a header of the presets' name and links, and so does the one in
    /// C++ that has threads of its own.
    @Test func theExampleProgramLinksAndRuns() async throws {
        try await withTemporaryFolder { folder in
            let preset = try Preset.small.network(resolution: Resolution(height: 64, width: 64))
            let network =
                try TestScope.isLong ? Network(preset) : smallNetwork(name: preset.name)
            let library = try generate([.native()], in: folder, network: network)
            let compiler = try await Compiler.shared()
            try await library.build(with: .hasty())
            let program = folder.appending(path: "classify").path
            try await run(
                compiler.path,
                [
                    "-Wall", "-Wextra", "-Werror", "-I",
                    library.folder.appending(path: "include").path,
                    projectFolder.appending(path: "Examples/c/classify.c").path,
                    "-L", library.buildFolder.path, "-llitv2_s",
                    "-Wl,-rpath,\(library.buildFolder.path)", "-o", program,
                ])
            let output = try await run(program, [library.weightsFile.path])
            #expect(output.contains("class "))
            try await expectPool(library, in: folder)
        }
    }

    private func expectPool(_ library: GeneratedLibrary, in folder: URL) async throws {
        let program = folder.appending(path: "pool").path
        try await run(
            tool("g++"),
            [
                "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I",
                library.folder.appending(path: "include").path,
                projectFolder.appending(path: "Examples/c/pool.cpp").path,
                "-L", library.buildFolder.path, "-llitv2_s",
                "-Wl,-rpath,\(library.buildFolder.path)", "-pthread", "-o", program,
            ])
        let said = try await run(program, [library.weightsFile.path])
        #expect(said == "the same bits as without the pool\n")
    }

    /// What is built once serves both: only the functions of the header leave the library, and a kernel
    /// with a mistake is found and named, and the command that repeats it is told.
    @Test func theInterfaceAloneIsExportedAndAWrongKernelFails() async throws {
        try await withTemporaryFolder { folder in
            let library = try generate([.generic], in: folder)
            try await library.build(with: .hasty())
            try await expectOnlyTheInterface(library)
            try await expectMistakesAreFound(library)
        }
    }

    private func expectOnlyTheInterface(_ library: GeneratedLibrary) async throws {
        let symbols = try await run(
            tool("nm"),
            ["--dynamic", "--defined-only", "--format=posix", library.sharedLibrary.path]
        ).split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(
            Set(symbols) == [
                "small_context_bytes", "small_context_create", "small_context_destroy",
                "small_context_resolution", "small_context_threads", "small_fit_size",
                "small_model_close", "small_model_isa", "small_model_open",
                "small_context_set_pool",
                "small_model_open_memory", "small_preprocess", "small_resolution_at", "small_run",
                "small_run_outputs", "small_run_parallel", "small_status_text",
            ])
    }

    private func expectMistakesAreFound(_ library: GeneratedLibrary) async throws {
        let kernel = try #require(library.plan.variants[0].kernels.first { $0.family == GEMM.id })
        let name = kernel.functionName(model: "small", isa: .generic)
        let file = library.folder.appending(path: "src/kernels/generic/\(name).c")
        let right = try String(contentsOf: file, encoding: .utf8)
        let wrong = right.replacing("CONSTANTS = { STEPS,", with: "CONSTANTS = { STEPS - 1,")
        #expect(wrong != right)
        try wrong.write(to: file, atomically: true, encoding: .utf8)
        try await library.build(with: .hasty())
        let output = try await Program.run(
            library.harness.path, arguments: ["verify", "--kernel", name, "--seed", "9"])
        #expect(output.status == .exited(1))
        let text = output.stdout + output.stderr
        #expect(text.contains("FAILED"))
        #expect(text.contains("verify --kernel \(name) --seed 9"))
        let result = try await Verifier(library, seed: 9, threads: 1).verify()
        #expect(!result.passed)
        #expect(result.kernels.filter { !$0.passed }.map(\.name) == [name])
    }

    // MARK: Tools

    private func tool(_ name: String) async throws -> String {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return try #require(
            folders.map { "\($0)/\(name)" }.first {
                FileManager.default.isExecutableFile(atPath: $0)
            },
            "\(name) is not on the PATH; 'make setup' installs it")
    }

    @discardableResult
    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let output = try await runSuccessfully(program, arguments)
        return output.stdout + output.stderr
    }
}
