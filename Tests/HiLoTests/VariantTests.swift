import ArrayFiles
import Foundation
import TestFixtures
import Testing

@testable import HiLoKit
@testable import Toolchain

/// Several instruction sets in one library.
@Suite(.serialized) struct VariantTests {
    private static let isas = ISA.all.filter { $0.architecture != .aarch64 }

    /// One library with all variants gives the bits of libraries with one each, from the same weights,
    /// and HILO_CPU chooses.
    @Test func variantsAreTheLibrariesOfOne() async throws {
        let images = seededInputs(batch: 2, count: 3 * 64 * 96, seed: 3)
        try await withTemporaryFolder { folder in
            let x = folder.appending(path: "x.npy")
            try NPYArray(shape: [2, 3, 64, 96], values: images.flatMap { $0 }).write(to: x.path)
            let all = try await built(library(Self.isas, in: folder))
            let weights = try Data(contentsOf: all.weightsFile)
            for isa in Self.isas {
                let single = try library([isa], in: folder)
                #expect(try Data(contentsOf: single.weightsFile) == weights, "\(isa)")
                #expect(single.plan.fingerprint == all.plan.fingerprint)
                #expect(single.plan.variants[0] == all.plan.variant(isa))
                guard isa.isAvailable() else {
                    print("SKIPPED: this CPU lacks \(isa.title)")
                    continue
                }
                let outputs = ["all", isa.name].map { folder.appending(path: "\($0).npy") }
                try await all.run(input: x, output: outputs[0], threads: 2, isa: isa)
                try await built(single).run(input: x, output: outputs[1], threads: 2)
                #expect(
                    try Data(contentsOf: outputs[0]) == Data(contentsOf: outputs[1]), "\(isa)")
                if isa == .avx2 { try await expectRefusal(of: single, on: .generic) }
            }
        }
    }

    /// Instructions that are slower than others are not taken, here and in C by the same rule.
    @Test func slowInstructionsArePassedOver() async throws {
        let isas = ISA.sets(for: .bf16).filter {
            $0.architecture != .aarch64 && !$0.multipliesTiles
        }
        let plan = try Planner(smallNetwork(), Target(isas: isas, precision: .bf16)).plan()
        try await withTemporaryFolder { folder in
            let library = try await built(
                LibraryGenerator(plan, .seed(5)).write(to: folder.appending(path: "lib")))
            let loaded = try LoadedLibrary(
                library.sharedLibrary, plan.network, weights: library.weightsFile)
            #expect(try loaded.isa() == library.best().isa.name)
            #expect(library.best().isa == .native(for: .bf16) || ISA.avx512amx.isAvailable())
        }
    }

    @Test(arguments: [
        ("GenuineIntel", Precision.bf16, ISA.avx512), ("AuthenticAMD", .bf16, .avx512bf16),
        ("GenuineIntel", .int8, .avx512vnni), ("AuthenticAMD", .int8, .avx512bf16),
        ("GenuineIntel", .f32, .avx512bf16),
    ])
    func whoseProductsAreSlow(vendor: String, precision: Precision, fastest: ISA) {
        let cpu = HostCPU(
            model: "", isaFlags: [], cores: 2, l1d: nil, l2: nil, l3: nil,
            fields: ["vendor_id": vendor])
        let isas: [ISA] =
            precision == .bf16
            ? [.avx2, .avx512, .avx512bf16] : [.avx2, .avx512, .avx512vnni, .avx512bf16]
        #expect(ISA.fastestLast(isas, on: cpu, for: precision).last == fastest)
        // Nothing is there instead; tiles are fast.
        for others in [[ISA.avx2, .avx512bf16], isas + [.avx512amx]] {
            #expect(ISA.fastestLast(others, on: cpu, for: precision) == others)
        }
    }

    /// A CPU with none of the instruction sets gets a status.
    private func expectRefusal(of library: GeneratedLibrary, on cpu: ISA) async throws {
        let output = try await Program.run(
            library.harness.path,
            arguments: ["run", "--weights", library.weightsFile.path, "--random", "1"],
            environment: ProcessInfo.processInfo.environment.merging(["HILO_CPU": cpu.name]) { $1 })
        #expect(output.status == .exited(70))
        #expect(output.stderr.contains("none of the instruction sets"))
    }

    private func library(_ isas: [ISA], in folder: URL) throws -> GeneratedLibrary {
        let plan = try Planner(smallNetwork(), Target(isas: isas, maxBatch: 2)).plan()
        let name = isas.map(\.name).joined(separator: "-")
        return try LibraryGenerator(plan, .seed(5)).write(to: folder.appending(path: name))
    }

    private func built(_ library: GeneratedLibrary) async throws -> GeneratedLibrary {
        try await library.build(with: .hasty(), extraFlags: ["-Werror"])
        return library
    }
}
