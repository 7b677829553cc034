import Foundation
import HiLoKit
import Testing

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
            "simd/simd.h", "simd/simd_generic.h",
        ]
        try await run("suppression.c", with: headers, sources: [], build: build)
    }

    @Test(arguments: builds.indices) func masksArePastedAndWritten(build: Int) async throws {
        try await run(
            "masks.c", with: ["results/results.h"], sources: ["results/results.c"], build: build)
    }

    /// Compiles a program of Tests/Programs with templates of a library called `net`, and runs it.
    private func run(
        _ program: String, with headers: [String], sources: [String], build: Int
    ) async throws {
        let (name, flags) = Self.builds[build]
        guard let compiler = try await Compiler.of(family: name) else {
            return print("SKIPPED: no \(name) that builds OpenMP programs")
        }
        try await withFolder { folder in
            for template in headers + sources { try render(template, into: folder) }
            try """
                #include <stddef.h>
                #include <stdint.h>
                size_t net_mask_rle(const uint8_t *bitmap, int height, int width, char *text,
                                    size_t capacity);

                """.write(to: folder.appending(path: "net.h"), atomically: true, encoding: .utf8)
            let programs = projectFolder.appending(path: "Tests/Programs")
            let compiled = folder.appending(path: "program").path
            let files = sources.map { folder.appending(path: fileName($0)).path }
            try await succeed(
                compiler.path,
                ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-psabi", "-Wno-unused-function"]
                    + flags + ["-I", folder.path, "-I", programs.path]
                    + [programs.appending(path: program).path] + files + ["-lm", "-o", compiled])
            try await succeed(compiled, [])
        }
    }

    private func fileName(_ template: String) -> String {
        template.split(separator: "/").last.map(String.init) ?? template
    }

    private func render(_ template: String, into folder: URL) throws {
        let source = projectFolder.appending(path: "Templates/c/\(template).mustache")
        try String(contentsOf: source, encoding: .utf8)
            .replacing("<%model%>", with: "net").replacing("<%MODEL%>", with: "NET")
            .write(
                to: folder.appending(path: fileName(template)), atomically: true, encoding: .utf8)
    }

    private func succeed(_ program: String, _ arguments: [String]) async throws {
        let output = try await Program.run(program, arguments: arguments, timeout: .seconds(1800))
        #expect(output.succeeded, "\(program) \(arguments): \(output.stdout)\(output.stderr)")
    }
}
