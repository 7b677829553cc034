import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

/// What makes results of outputs, in C, against straightforward versions in double precision.
@Suite struct ResultPropertyTests {
    private static let builds = [
        ("gcc", ["-O3", "-ffp-contract=off"]),
        (
            "clang",
            [
                "-O1", "-fsanitize=address,undefined", "-fno-sanitize=float-divide-by-zero",
                "-fno-sanitize-recover=all",
            ]
        ),
    ]

    @Test(arguments: builds.indices) func theBestStay(build: Int) async throws {
        let headers = [
            "inner/boxes.h", "inner/selection.h", "inner/suppression.h", "runtime/kernel.h",
            "simd/element.h", "simd/simd.h", "simd/simd_generic.h",
        ]
        try await run("suppression.c", with: headers, sources: [], build: build)
    }

    @Test(arguments: builds.indices) func masksArePastedAndWritten(build: Int) async throws {
        try await run(
            "masks.c", with: ["results/results.h"], sources: ["results/results.c"], build: build)
    }

    /// The pyramid of Tests/Programs/roi_align.c.
    private static let levels = [(11, 13, 4), (6, 7, 8), (3, 4, 16), (2, 2, 32)].map {
        PyramidLevel(map: Resolution(height: $0.0, width: $0.1), stride: $0.2)
    }

    @Test(arguments: builds.indices, [7, 14]) func boxesAreAligned(build: Int, bins: Int)
        async throws
    {
        let rule = RoIAlign(boxes: 50, boxWidth: 5, boxColumn: 1, bins: bins, levels: Self.levels)
        let kernel = StepLibrary.kernel(RegionSampling.self, .init(rule: rule, channels: 5))
        let layer = try HiLo(
            name: "net", dim: 4, heads: 2, window: 2, alpha: 0.5, height: 2, width: 2)
        try await withTemporaryFolder { folder in
            let sources = try StepLibrary.write([kernel], of: Network(layer), to: folder)
            try await run(
                "roi_align.c", in: folder, sources, build: build,
                ["-DROI_ALIGN=\(StepLibrary.function(kernel))", "-DPARTS=\(bins)"])
        }
    }

    /// Compiles a program of Tests/Programs with templates of a library called `net`, and runs it.
    private func run(
        _ program: String, with headers: [String], sources: [String], build: Int
    ) async throws {
        try await withTemporaryFolder { folder in
            for template in headers + sources { try render(template, into: folder) }
            try """
            #include <stddef.h>
            #include <stdint.h>
            size_t net_mask_rle(const uint8_t *bitmap, int height, int width, char *text,
                                size_t capacity);

            """.write(to: folder.appending(path: "net.h"), atomically: true, encoding: .utf8)
            try await run(
                program, in: folder, sources.map { folder.appending(path: fileName($0)) },
                build: build)
        }
    }

    private func run(
        _ program: String, in folder: URL, _ sources: [URL], build: Int,
        _ definitions: [String] = []
    ) async throws {
        let (name, flags) = Self.builds[build]
        guard let compiler = try await Compiler.of(family: name) else {
            return print("SKIPPED: no \(name) that builds OpenMP programs")
        }
        let programs = projectFolder.appending(path: "Tests/Programs")
        let compiled = folder.appending(path: "program").path
        let warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-psabi", "-Wno-unused-function"]
        try await runSuccessfully(
            compiler.path,
            ["-std=gnu11"] + warnings + flags + definitions
                + ["-I", folder.path, "-I", programs.path, programs.appending(path: program).path]
                + sources.map(\.path) + ["-lm", "-o", compiled])
        try await runSuccessfully(compiled, [])
    }

    private func fileName(_ template: String) -> String {
        template.split(separator: "/").last.map(String.init) ?? template
    }

    private func render(_ template: String, into folder: URL) throws {
        try templateText(template)
            .replacing("<%model%>", with: "net").replacing("<%MODEL%>", with: "NET")
            .write(
                to: folder.appending(path: fileName(template)), atomically: true, encoding: .utf8)
    }
}
