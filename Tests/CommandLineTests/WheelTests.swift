import ArrayFiles
import Foundation
import HiLoKit
import TestFixtures
import Testing

/// The trained digits as a Python wheel: made, installed where nothing else is, and used as people will.
@Suite(.serialized, .enabled("no C compiler") { await Compiler.isThere })
struct WheelTests {
    private static let project = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let digits = project.appending(path: "Examples/digits")

    @Test func anInstalledWheelGivesWhatTheLibraryGives() async throws {
        let sandbox = try Sandbox()
        try await generate(sandbox)
        let wheel = try await package(sandbox)
        try await expectTheSameBytesAgain(sandbox, wheel)
        try await expectRefusals(sandbox)
        guard let numpy = ProcessInfo.processInfo.environment["HILO_PYTHON"] else {
            return print("SKIPPED: HILO_PYTHON names no Python with numpy; 'make test' does")
        }
        try await writeExpectations(sandbox)
        let python = try await sandbox.install(sandbox.file("wheels/\(wheel)"), beside: numpy)
        try await sandbox.expectWell(python, "check_wheel.py", sandbox.folder.path)
        try await sandbox.expectWell(
            python, "check_cycles.py", TestScope.isLong ? "10000" : "200")
    }

    private func generate(_ sandbox: Sandbox) async throws {
        let checkpoint = Self.digits.appending(path: "digits.pth").path
        let generated = try await sandbox.hilo(
            "generate", "--checkpoint", checkpoint, "--name", "digits", "--no-tuning", "--output",
            "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
    }

    private struct Report: Decodable {
        let path, platform: String
        let bytes: Int
    }

    /// - Returns: the name of the file.
    private func package(_ sandbox: Sandbox) async throws -> String {
        let labels = Self.digits.appending(path: "labels.txt").path
        let ending = try await sandbox.hilo(
            "package", "lib", "--wheel", "--labels", labels, "--output", "wheels", "--json")
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(ending.stderr.contains("lib is not built yet"))
        let report = try JSONDecoder().decode(Report.self, from: Data(ending.stdout.utf8))
        let name = URL(filePath: report.path).lastPathComponent
        #expect(name == "digits-\(GeneratorVersion.number)-py3-none-\(report.platform).whl")
        #expect(report.platform.contains(/^manylinux_2_\d+_/), "\(report.platform)")
        let weights = try Data(contentsOf: sandbox.file("lib/weights/digits.safetensors")).count
        #expect(report.bytes < weights + 3 << 20)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: sandbox.file("wheels").path) == [
                name
            ])
        return name
    }

    private func expectTheSameBytesAgain(_ sandbox: Sandbox, _ wheel: String) async throws {
        let first = try Data(contentsOf: sandbox.file("wheels/\(wheel)"))
        _ = try await package(again: sandbox)
        #expect(try Data(contentsOf: sandbox.file("wheels/\(wheel)")) == first)
    }

    private func package(again sandbox: Sandbox) async throws -> Ending {
        let labels = Self.digits.appending(path: "labels.txt").path
        let ending = try await sandbox.hilo(
            "package", "lib", "--wheel", "--labels", labels, "--output", "wheels")
        #expect(ending.status == 0 && ending.stderr.isEmpty, "\(ending.stderr)")
        return ending
    }

    private func expectRefusals(_ sandbox: Sandbox) async throws {
        try sandbox.write("few.txt", "zero\none\n")
        try await sandbox.expectFailure(
            65, of: ["package", "lib", "--wheel", "--labels", "few.txt"],
            saying: ["few.txt", "expected 10 names"])
        try await sandbox.expectFailure(
            73, of: ["package", "lib", "--wheel", "--output", "few.txt"], saying: ["few.txt"])
        try await sandbox.expectFailure(
            73, of: ["package", "lib", "--wheel", "--output", "/dev/null/wheels"],
            saying: ["/dev/null/wheels"])
        try await sandbox.expectFailure(
            69, of: ["package", "lib", "--wheel"], saying: ["python3", "PATH"],
            environment: ["PATH": "/nonexistent"])
        try sandbox.write("lib/build/team.txt", "openmp\n")
        try await sandbox.expectFailure(
            64, of: ["package", "lib", "--wheel"],
            saying: ["OpenMP", "hilo build", "--team threads"])
        try sandbox.write("lib/build/team.txt", "none\n")
        try await sandbox.expectFailure(
            64, of: ["package", "lib", "--wheel"],
            saying: ["without threads", "hilo build", "--team threads"])
        try sandbox.write("lib/build/team.txt", "threads\n")
        let header = try String(contentsOf: sandbox.file("lib/include/digits.h"), encoding: .utf8)
        try sandbox.write("lib/include/digits.h", header + "\n")
        try await sandbox.expectFailure(
            65, of: ["package", "lib", "--wheel"],
            saying: ["lib/include/digits.h", "generate the library again"])
        try sandbox.write("lib/include/digits.h", header)
    }

    /// What the command line says of a batch and of a picture, for the Python to compare with.
    private func writeExpectations(_ sandbox: Sandbox) async throws {
        let images = 19
        let values = SeededValues(seed: 5, name: "input").values(images * 3 * 64 * 64)
        try NPYArray(shape: [images, 3, 64, 64], values: values)
            .write(to: sandbox.file("input.npy").path)
        let batch = try await sandbox.hilo(
            "run", "lib", "--input", "input.npy", "--output", "output.npy")
        #expect(batch.status == 0, "\(batch.stderr)")
        let picture = Self.digits.appending(path: "images/held_out_036_is_3.png").path
        let classes = try await sandbox.hilo(
            "run", "lib", "--input", picture, "--json", "--labels",
            Self.digits.appending(path: "labels.txt").path)
        #expect(classes.status == 0, "\(classes.stderr)")
        try sandbox.write("classes.json", classes.stdout)
        try sandbox.writePixels(of: picture)
    }

    @Test(arguments: [
        ("import", "a word of Python's language"), ("lambda", "a word of Python's language"),
        ("json", "a module of Python's"), ("numpy", "a module which it needs"),
    ])
    func namesThatAreNoModulesAreRefused(name: String, reason: String) async throws {
        let sandbox = try Sandbox()
        let generated = try await sandbox.hilo(
            "generate", "--model", "hilo", "--dim", "12", "--heads", "4", "--alpha", "0.5",
            "--resolution", "4x6", "--isa", "generic", "--name", name, "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
        try await sandbox.expectFailure(
            64, of: ["package", "lib", "--wheel"], saying: ["'\(name)'", reason, "--name"])
    }

    @Test func aFolderThatIsNoLibraryIsRefused() async throws {
        let sandbox = try Sandbox()
        try await sandbox.expectFailure(
            65, of: ["package", "nowhere", "--wheel"], saying: ["nowhere", "no such folder"])
    }
}
