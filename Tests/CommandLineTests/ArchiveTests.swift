import Foundation
import HiLoKit
import TestFixtures
import Testing

/// An installation as an archive: unpacked anywhere, programs link it.
@Suite(.serialized, .enabled("no C compiler") { await Compiler.isThere })
struct ArchiveTests {
    private static let stem = "small-\(GeneratorVersion.number)"

    @Test func anUnpackedArchiveIsAnInstallation() async throws {
        guard Program.find("cmake") != nil else {
            return print("SKIPPED: no cmake on the PATH; 'make setup' installs it")
        }
        let sandbox = try Sandbox()
        try await generate(sandbox)
        let archive = try await package(sandbox)
        let first = try Data(contentsOf: archive)
        #expect(try await package(sandbox) == archive)
        #expect(try Data(contentsOf: archive) == first, "the same library gave other bytes")
        try await runSuccessfully(
            "/usr/bin/env", ["tar", "-xzf", archive.path, "-C", sandbox.folder.path])
        try expectFiles(sandbox.file(Self.stem))
        // A layer has no classes.
        try sandbox.write("names", "cat\n")
        try await sandbox.expectFailure(
            64, of: ["package", "lib", "--tar", "--labels", "names"], saying: ["no classes"])
        try await link(sandbox.file(Self.stem), sandbox)
        try await sandbox.expectFailure(
            69, of: ["package", "lib", "--tar"], saying: ["python3"],
            environment: ["PATH": "/nonexistent"])
    }

    @Test(.enabled("'make test-long' builds a classifier for it") { TestScope.isLong })
    func labelsAreTakenAlong() async throws {
        let sandbox = try Sandbox()
        let digits = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Examples/digits")
        let generated = try await sandbox.hilo(
            "generate", "--config", digits.appending(path: "digits.yaml").path, "--seed", "1",
            "--isa", "generic", "--name", "small", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
        let labels = digits.appending(path: "labels.txt")
        let ending = try await sandbox.hilo("package", "lib", "--tar", "--labels", labels.path)
        #expect(ending.status == 0, "\(ending.stderr)")
        try await runSuccessfully(
            "/usr/bin/env",
            [
                "tar", "-xzf", ending.stdout.trimmingCharacters(in: .newlines), "-C",
                sandbox.folder.path,
            ])
        let tree = sandbox.file(Self.stem)
        func words(_ file: URL) throws -> [Substring] {
            try String(contentsOf: file, encoding: .utf8).split { $0.isWhitespace }
        }
        #expect(try words(tree.appending(path: "share/small/labels.txt")) == words(labels))
        let description = try String(
            contentsOf: tree.appending(path: "lib/pkgconfig/small.pc"), encoding: .utf8)
        #expect(description.contains("\nlabels=${prefix}/share/small/labels.txt\n"))
    }

    private func generate(_ sandbox: Sandbox) async throws {
        let generated = try await sandbox.hilo(
            "generate", "--model", "hilo", "--dim", "12", "--heads", "4", "--alpha", "0.5",
            "--resolution", "4x6", "--isa", "generic", "--name", "small", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
    }

    private func package(_ sandbox: Sandbox) async throws -> URL {
        let ending = try await sandbox.hilo("package", "lib", "--tar", "--output", "archives")
        #expect(ending.status == 0, "\(ending.stderr)")
        let path = ending.stdout.trimmingCharacters(in: .newlines)
        #expect(path.contains("/archives/\(Self.stem)-") && path.hasSuffix(".tar.gz"), "\(path)")
        return URL(filePath: path)
    }

    private func expectFiles(_ tree: URL) throws {
        let files = Set(try FileManager.default.subpathsOfDirectory(atPath: tree.path))
        let expected: Set = [
            "include/small.h", "include/small.hpp", "lib/libsmall.a", "lib/libsmall.so",
            "lib/cmake/small/smallConfig.cmake", "lib/cmake/small/smallConfigVersion.cmake",
            "lib/cmake/small/smallTargets.cmake", "lib/cmake/small/smallStaticTargets.cmake",
            "lib/pkgconfig/small.pc", "share/small/small.safetensors",
        ]
        #expect(expected.subtracting(files).isEmpty, "\(files.sorted())")
        #expect(!files.contains { $0.contains("harness") })
    }

    private func link(_ tree: URL, _ sandbox: Sandbox) async throws {
        try sandbox.write(
            "app.c",
            """
            #include <small.h>
            #include <stdio.h>
            int main(int count, char **arguments)
            {
                small_model *model = NULL;
                small_status status = small_model_open(count > 1 ? arguments[1] : "", &model);
                puts(small_status_text(status));
                small_model_close(model);
                return status != SMALL_OK;
            }

            """)
        let program = sandbox.file("app").path, libraries = tree.appending(path: "lib").path
        try await runSuccessfully(
            Compiler.shared().path,
            [
                sandbox.file("app.c").path, "-I", tree.appending(path: "include").path, "-L",
                libraries, "-lsmall", "-Wl,-rpath,\(libraries)", "-o", program,
            ])
        try await runSuccessfully(
            program, [tree.appending(path: "share/small/small.safetensors").path])
    }
}
