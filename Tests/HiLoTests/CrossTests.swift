import ArrayFiles
import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

/// Libraries for AArch64, made by CMake with a cross compiler and run under qemu.
@Suite(.serialized) struct CrossTests {
    private static let compiler = "/usr/bin/aarch64-linux-gnu-gcc"
    private static let emulator = "/usr/bin/qemu-aarch64-static"
    private static let root = "/usr/aarch64-linux-gnu"

    /// Kernels, C API and results with NEON and with generic code, on the weights that were packed for
    /// x86.
    @Test func aLibraryForARMVerifies() async throws {
        for tool in [Self.compiler, Self.emulator, "/usr/bin/cmake"]
        where !FileManager.default.fileExists(atPath: tool) {
            return print("SKIPPED: no \(tool)")
        }
        let network = try network()
        try await withTemporaryFolder { folder in
            let arm = try generate(network, [.generic, .neon], in: folder)
            let x86 = try generate(network, [.generic], in: folder)
            let harness = try await build(arm, in: folder)
            let weights = x86.weightsFile.path
            try await run(harness, ["verify", "--threads", "2"])
            let input = SeededValues(seed: 3, name: "input").values(3 * 32 * 48, scale: 2)
            let reference = ReferenceNetwork(network, parameter: try parameters(of: network))
            let expected = try reference.outputs(input)[0]
            let x = folder.appending(path: "x.npy"), y = folder.appending(path: "y.npy")
            try NPYArray(shape: [1, 3, 32, 48], values: input).write(to: x.path)
            for isa in [ISA.generic, .neon] {
                try await run(harness, ["api", "--weights", weights, "--isa", isa.name])
                try await run(
                    harness,
                    [
                        "run", "--weights", weights, "--isa", isa.name, "--input", x.path,
                        "--output", y.path, "--threads", "2",
                    ])
                let found = try NPYArray(contentsOf: y.path).values
                let largest = expected.map(abs).max() ?? 0
                let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
                #expect(
                    found.count == expected.count && worst <= 1e-5 * largest, "\(isa): \(worst)")
            }
        }
    }

    private func network() throws -> Network {
        Network(
            try Sample.twoStages(name: "arm", height: 32, width: 48, Classifier(classes: 10)))
    }

    private func parameters(of network: Network) throws -> @Sendable (String) -> [Float] {
        let weights = try WeightSource.seed(5).weights(for: network)
        return { weights[$0] }
    }

    private func generate(
        _ network: Network, _ isas: [ISA], in folder: URL
    ) throws -> GeneratedLibrary {
        let plan = try Planner(network, Target(isas: isas, maxBatch: 2)).plan()
        let name = isas.map(\.name).joined(separator: "-")
        return try LibraryGenerator(plan, .seed(5)).write(to: folder.appending(path: name))
    }

    /// The harness, a program for ARM.
    private func build(_ library: GeneratedLibrary, in folder: URL) async throws -> String {
        let build = folder.appending(path: "cross").path
        let cmake = "/usr/bin/cmake"
        let configured = try await Program.run(
            cmake,
            arguments: [
                "-S", library.folder.path, "-B", build, "-DCMAKE_SYSTEM_NAME=Linux",
                "-DCMAKE_SYSTEM_PROCESSOR=aarch64", "-DCMAKE_C_COMPILER=\(Self.compiler)",
            ])
        try #require(configured.succeeded, "\(configured.stderr)")
        let built = try await Program.run(
            cmake, arguments: ["--build", build, "--parallel", "2"])
        try #require(built.succeeded, "\(built.stdout)\(built.stderr)")
        #expect(!built.stderr.contains("warning:"), "\(built.stderr)")
        return "\(build)/harness_\(library.name)"
    }

    private func run(_ program: String, _ arguments: [String]) async throws {
        let output = try await Program.run(
            Self.emulator, arguments: ["-L", Self.root, program] + arguments)
        #expect(output.succeeded, "\(arguments): \(output.stdout)\(output.stderr)")
    }
}
