import Foundation
import Machines
import TestFixtures
import Testing
import Toolchain

private let project = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// An instruction set, a compiler for it, and what runs the result.
struct VectorBuild: Sendable, CustomTestStringConvertible {
    let isa: ISA
    let compiler: [String]
    /// A program for the programs of another CPU.
    var emulator: String?

    /// Whether a multiply-add rounds once.
    var isFused: Bool { isa != .generic }

    var testDescription: String {
        ([isa.name] + compiler + [emulator].compactMap(\.self)).joined(separator: " ")
    }

    /// All that this machine can build and run.
    static let all = native + foreign

    /// Those that differ by more than what multiplies bf16 and integers.
    static let vectors = all.filter { ISA.all.contains($0.isa) }

    /// Those of them whose programs may have instructions for tiles, which CPUs without a unit do by hand.
    static let tileUnits = native.filter { $0.isa == .avx512 }.map {
        VectorBuild(
            isa: $0.isa,
            compiler: $0.compiler + [
                "-mamx-tile", "-mamx-bf16", "-mamx-int8", "-DRUNS_INSTRUCTIONS", "-D_GNU_SOURCE",
            ])
    }

    private static let native = ["gcc", "clang"].filter { path($0) != nil }.flatMap { compiler in
        ISA.known.filter(runs).map { VectorBuild(isa: $0, compiler: [compiler] + $0.compileFlags) }
    }

    private static func runs(_ isa: ISA) -> Bool {
        !isa.multipliesTiles && (isa.architecture == nil || isa.architecture == .host)
            && HostCPU.current().isaFlags.isSuperset(of: isa.features.map(\.rawValue))
    }

    /// AArch64 on another CPU.
    private static let foreign: [VectorBuild] = {
        let gcc = "aarch64-linux-gnu-gcc"
        guard path(gcc) != nil, let emulator = path("qemu-aarch64-static") else {
            print("SKIPPED: AArch64, for which there is no \(gcc) and qemu-aarch64-static")
            return []
        }
        let clang = path("clang") == nil ? [] : [["clang", "--target=aarch64-linux-gnu"]]
        func build(_ isa: ISA, _ compiler: [String]) -> VectorBuild {
            VectorBuild(
                isa: isa, compiler: compiler + ["-static"] + isa.compileFlags, emulator: emulator)
        }
        let isas = [ISA.generic] + ISA.known.filter { $0.architecture == .aarch64 }
        return ([[gcc]] + clang).flatMap { compiler in isas.map { build($0, compiler) } }
    }()

    /// Of a program on the PATH.
    private static func path(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// What a program of `Tests/Fixtures/vectors` says.
    func run(_ name: String) async throws -> Program.Output {
        try await withTemporaryFolder { try await run(name, in: $0) }
    }

    private func run(_ name: String, in folder: URL) async throws -> Program.Output {
        try writeHeaders(into: folder)
        let program = folder.appending(path: name).path
        let source = project.appending(path: "Tests/Fixtures/vectors/\(name).c").path
        // As kernels are compiled.
        let flags =
            [
                "-O3", "-std=gnu11", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra",
                "-Werror", "-DFUSED=\(isFused ? 1 : 0)", "-I", folder.path, "-include",
                "simd_isa.h",
            ] + (TestScope.isLong ? ["-DALL_TILES"] : [])
        let built = try await Program.run(
            "/usr/bin/env", arguments: compiler + flags + [source, "-o", program, "-lm"])
        try #require(built.succeeded, "\(built.stderr)")
        return try await Program.run(
            emulator ?? program, arguments: emulator == nil ? [] : [program])
    }

    /// Headers whose templates have no tags but for libraries that take any size.
    private func writeHeaders(into folder: URL) throws {
        let names = [
            "simd/simd_\(isa.vectors).h": "simd_isa.h", "simd/simd.h": "simd.h",
            "simd/element.h": "element.h",
            "runtime/kernel.h": "kernel.h", "inner/gemm_tile.h": "gemm_tile.h",
            "inner/epilogue.h": "epilogue.h", "inner/packing.h": "packing.h",
            "inner/tile_unit.h": "tile_unit.h",
            "runtime/float_state.h": "float_state.h", "harness/random.h": "random.h",
        ]
        for (template, name) in names {
            let text = try templateText(template)
            try #require(!text.contains("<%"), "\(template) has tags")
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
    }
}
