import ArrayFiles
import Foundation
import HiLoKit
import TestFixtures
import Testing

/// Several instruction sets in one library.
@Suite(.serialized) struct VariantTests {
    private static let isas = ISA.all.filter { $0.architecture != .aarch64 }

    /// One library with all variants gives the bits of libraries with one each, from the same weights,
    /// and HILO_CPU chooses.
    @Test func variantsAreTheLibrariesOfOne() async throws {
        let network = try smallNetwork()
        let images = seededInputs(batch: 2, count: 3 * 64 * 96, seed: 3)
        try await withFolder { folder in
            let x = folder.appending(path: "x.npy")
            try NPYArray(shape: [2, 3, 64, 96], values: images.flatMap { $0 }).write(to: x.path)
            let all = try await library(network, Self.isas, in: folder)
            let weights = try Data(contentsOf: all.weightsFile)
            for isa in Self.isas {
                let single = try await library(network, [isa], in: folder)
                #expect(try Data(contentsOf: single.weightsFile) == weights, "\(isa)")
                #expect(single.plan.fingerprint == all.plan.fingerprint)
                #expect(single.plan.variants[0] == all.plan.variant(isa))
                guard isa.isAvailable() else {
                    print("SKIPPED: this CPU lacks \(isa.title)")
                    continue
                }
                let outputs = [all, single].map { folder.appending(path: "\($0.folder.hashValue).npy") }
                try await all.run(input: x, output: outputs[0], threads: 2, isa: isa)
                try await single.run(input: x, output: outputs[1], threads: 2)
                #expect(
                    try Data(contentsOf: outputs[0]) == Data(contentsOf: outputs[1]), "\(isa)")
            }
        }
    }

    /// Every promise of the C API, kernel and network of every variant that this CPU can run.
    @Test func allVariantsVerify() async throws {
        let layer = try WindowMSA(
            dim: 24, heads: 3, window: 3, shift: 1, map: Resolution(height: 7, width: 8))
        try await withFolder { folder in
            let library = try await library(Network(layer), Self.isas, in: folder)
            let result = try await Verifier(library, seed: 3, threads: 2).verify()
            #expect(result.passed, "\(result)")
            let runnable = library.runnable()
            #expect(result.network.count == 2 * runnable.count)
            let kernels = library.plan.variants.map { ($0.isa, $0.kernels.count) }
            let expected = kernels.filter { runnable.contains($0.0) }.reduce(0) { $0 + $1.1 }
            #expect(result.kernels.count == expected)
            #expect(result.skipped.count == kernels.reduce(0) { $0 + $1.1 } - expected)
        }
    }

    /// A CPU with none of the instruction sets gets a status, in a library without generic kernels.
    @Test func aCPUWithoutAnyIsRefused() async throws {
        guard ISA.avx2.isAvailable() else { return print("SKIPPED: this CPU lacks AVX2") }
        try await withFolder { folder in
            let library = try await library(smallNetwork(), [.avx2, .avx512], in: folder)
            let output = try await Program.run(
                library.harness.path, arguments: ["run", "--weights", library.weightsFile.path,
                    "--random", "1"],
                environment: ProcessInfo.processInfo.environment.merging(
                    ["HILO_CPU": "generic"]) { $1 })
            #expect(output.status == .exited(70))
            #expect(output.stderr.contains("none of the instruction sets"))
        }
    }

    private func library(
        _ network: Network, _ isas: [ISA], in folder: URL
    ) async throws -> GeneratedLibrary {
        let plan = try Planner(network, Target(isas: isas, maxBatch: 2)).plan()
        let name = isas.map(\.name).joined(separator: "-")
        let library = try LibraryGenerator(plan, .seed(5)).write(to: folder.appending(path: name))
        try await library.build(with: .find(), extraFlags: ["-Werror"])
        return library
    }
}
