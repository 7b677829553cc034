import ArrayFiles
import FileIO
import Foundation
import HiLoKit
import TestFixtures
import Testing

/// The trained digits as a Swift package, which another depends on.
@Suite(.serialized, .enabled("no C compiler") { await Compiler.isThere })
struct SwiftPackageTests {
    private static let project = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let digits = project.appending(path: "Examples/digits")
    private static let example = project.appending(path: "Examples/swift")

    /// Published in a repository, and depended on by version: there SwiftPM lets no package have flags of its own. What
    /// it gives is what the C library gives that another compiler made with other flags, to the bit.
    @Test func aPackageThatDependsOnItGivesWhatTheLibraryGives() async throws {
        guard let swift = Program.find("swift") else {
            return print("SKIPPED: no swift on the PATH")
        }
        let sandbox = try Sandbox()
        try await generate(sandbox)
        try copyExample(to: sandbox)
        try await package(sandbox)
        try expectFiles(sandbox)
        try await publish(sandbox)
        let built = sandbox.file("built").path
        try await runSuccessfully(
            swift,
            ["build", "--package-path", sandbox.file("app").path, "--scratch-path", built])
        try await expectTheSameBits(sandbox, "\(built)/debug/check")
        let said = try await runSuccessfully(
            "\(built)/debug/app", [Self.example.appending(path: "three.ppm").path]
        ).stdout
        let lines = said.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("three 0.9"), "\(said)")
    }

    private func generate(_ sandbox: Sandbox) async throws {
        let generated = try await sandbox.hilo(
            "generate", "--checkpoint", Self.digits.appending(path: "digits.pth").path, "--name",
            "digits", "--no-tuning", "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
    }

    /// With a second program, which checks the module.
    private func copyExample(to sandbox: Sandbox) throws {
        let manager = FileManager.default
        try manager.copyItem(
            at: Self.example.appending(path: "app/Sources"),
            to: try folder("app", in: sandbox).appending(path: "Sources"))
        let text = try String(
            contentsOf: Self.example.appending(path: "app/Package.swift"), encoding: .utf8)
        let product = ".product(name: \"digits\", package: \"digits-swift\")"
        #expect(text.contains(product))
        try sandbox.write(
            "app/Package.swift",
            text.replacing(
                "    targets: [\n",
                with:
                    "    targets: [.executableTarget(name: \"check\", dependencies: [\(product)]),\n"
            ))
        try manager.copyItem(
            at: Self.project.appending(path: "Tests/Programs/CheckDigits.swift"),
            to: try folder("app/Sources/check", in: sandbox).appending(path: "Check.swift"))
    }

    private func folder(_ name: String, in sandbox: Sandbox) throws -> URL {
        let folder = sandbox.file(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private func package(_ sandbox: Sandbox) async throws {
        let ending = try await sandbox.hilo(
            "package", "lib", "--swift", "--labels", Self.digits.appending(path: "labels.txt").path,
            "--output", "app")
        #expect(ending.status == 0, "\(ending.stderr)")
        #expect(ending.stdout.hasSuffix("/app/digits-swift\n"), "\(ending.stdout)")
    }

    /// As version 1.0.0; the app's manifest names the repository in place of the folder.
    private func publish(_ sandbox: Sandbox) async throws {
        let repository = sandbox.file("digits-swift")
        try FileManager.default.moveItem(
            at: sandbox.file("app/digits-swift"), to: repository)
        let git = try #require(Program.find("git"), "no git, which SwiftPM fetches packages with")
        let author = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
        for arguments in [
            ["init", "--quiet"], ["add", "."], author + ["commit", "--quiet", "-m", "The digits"],
            ["tag", "1.0.0"],
        ] { try await runSuccessfully(git, ["-C", repository.path] + arguments) }
        let manifest = sandbox.file("app/Package.swift")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        let byPath = ".package(path: \"digits-swift\")"
        #expect(text.contains(byPath))
        try sandbox.write(
            "app/Package.swift",
            text.replacing(
                byPath, with: ".package(url: \"\(repository.absoluteString)\", from: \"1.0.0\")"))
    }

    private func expectFiles(_ sandbox: Sandbox) throws {
        let files = try FileManager.default.subpathsOfDirectory(
            atPath: sandbox.file("app/digits-swift").path)
        let expected: Set = [
            "Package.swift", "README.md", "Sources/digits/Model.swift",
            "Sources/digits/Resources/digits.safetensors", "Sources/digits/Resources/labels.txt",
            "Sources/Cdigits/include/digits.h", "Sources/Cdigits/include/module.modulemap",
            "Sources/Cdigits/src/model.c", "Sources/Cdigits/src/team_threads.c",
        ]
        #expect(expected.subtracting(files).isEmpty, "\(files.sorted())")
        for other in ["hpp", "team_openmp", "team_none", "harness", "plan.json"] {
            #expect(!files.contains { $0.contains(other) }, "\(other)")
        }
        let manifest = try String(
            contentsOf: sandbox.file("app/digits-swift/Package.swift"), encoding: .utf8)
        // Which no package may have that others depend on by its version.
        #expect(!manifest.contains("unsafeFlags"))
        let names = try FileManager.default.contentsOfDirectory(atPath: sandbox.file("app").path)
        #expect(Set(names) == ["Package.swift", "Sources", "digits-swift"])
    }

    private func expectTheSameBits(_ sandbox: Sandbox, _ check: String) async throws {
        let images = 11
        let values = SeededValues(seed: 5, name: "input").values(images * 3 * 64 * 64)
        try NPYArray(shape: [images, 3, 64, 64], values: values)
            .write(to: sandbox.file("input.npy").path)
        try values.withUnsafeBytes { try Data($0).write(to: sandbox.file("input.bin")) }
        let ran = try await sandbox.hilo(
            "run", "lib", "--input", "input.npy", "--output", "output.npy")
        #expect(ran.status == 0, "\(ran.stderr)")
        let said = try await runSuccessfully(
            check, [sandbox.file("input.bin").path, sandbox.file("output.bin").path])
        #expect(said.stdout == "all is well\n", "\(said)")
        let expected = try NPYArray(contentsOf: sandbox.file("output.npy").path).values
        let found = try Data(contentsOf: sandbox.file("output.bin"))
        #expect(expected.count == images * 10)
        #expect(found == expected.withUnsafeBytes { Data($0) })
    }

    // MARK: Folders

    /// Packaging builds nothing, so these need neither compiler nor Swift.
    @Test func whatWouldBeLostIsRefused() async throws {
        let sandbox = try Sandbox()
        try await generateLayer(sandbox, "layer")
        func write(_ options: String...) async throws -> Ending {
            try await sandbox.hilo(["package", "lib", "--swift", "--output", "out"] + options)
        }
        #expect(try await write().status == 0)
        let file = "out/layer-swift/Package.swift"
        let first = try Data(contentsOf: sandbox.file(file))
        // What a killed process left goes.
        let abandoned = StagingName.ofDead(for: "layer-swift")
        _ = try folder("out/\(abandoned)/Sources", in: sandbox)
        #expect(try await write().status == 0, "what nobody changed is replaced")
        // What Swift leaves there is nobody's work.
        try sandbox.write("out/layer-swift/Package.resolved", "{}")
        #expect(try await write().status == 0)
        try sandbox.write(file, "// mine\n")
        try await sandbox.expectFailure(
            73, of: ["package", "lib", "--swift", "--output", "out"],
            saying: ["out/layer-swift", "Package.swift was changed", "--force"])
        #expect(try await write("--force").status == 0)
        #expect(try Data(contentsOf: sandbox.file(file)) == first)
        try FileManager.default.removeItem(at: sandbox.file("out/layer-swift/files.json"))
        try await sandbox.expectFailure(
            73, of: ["package", "lib", "--swift", "--output", "out", "--force"],
            saying: ["out/layer-swift", "something else than a package that hilo wrote"])
        try sandbox.write("file", "")
        try await sandbox.expectFailure(
            73, of: ["package", "lib", "--swift", "--output", "file"], saying: ["file"])
        let names = try FileManager.default.contentsOfDirectory(atPath: sandbox.file("out").path)
        #expect(names == ["layer-swift"], "something else stayed behind")
    }

    @Test(arguments: [
        ("where", "a word of Swift's language"), ("Foundation", "a module of Swift's"),
        ("Model", "a type in the module"),
    ])
    func namesThatAreNoModulesAreRefused(name: String, reason: String) async throws {
        let sandbox = try Sandbox()
        try await generateLayer(sandbox, name)
        try await sandbox.expectFailure(
            64, of: ["package", "lib", "--swift"], saying: ["'\(name)'", reason, "--name"])
    }

    private func generateLayer(_ sandbox: Sandbox, _ name: String) async throws {
        let generated = try await sandbox.hilo(
            "generate", "--model", "hilo", "--dim", "12", "--heads", "4", "--alpha", "0.5",
            "--resolution", "4x6", "--isa", "generic", "--name", name, "--output", "lib")
        #expect(generated.status == 0, "\(generated.stderr)")
    }

    // MARK: Plugin

    /// In a package that depends on hilo, which is built for it.
    @Test(.enabled("'make test-long' builds hilo in another package") { TestScope.isLong })
    func aPackageThatDependsOnHiLoGenerates() async throws {
        let swift = try #require(Program.find("swift"))
        let sandbox = try Sandbox()
        let output = try folder("out", in: sandbox)
        try await runSuccessfully(
            swift,
            [
                "package", "--package-path", Self.example.appending(path: "generate").path,
                "--scratch-path", sandbox.file("built").path,
                "--allow-writing-to-package-directory", "--allow-writing-to-directory",
                output.path, "generate-hilo", "--checkpoint",
                Self.digits.appending(path: "digits.pth").path, "--name", "digits", "--labels",
                Self.digits.appending(path: "labels.txt").path, "--output", output.path,
            ])
        let package = output.appending(path: "digits-swift")
        for file in ["Package.swift", "Sources/digits/Resources/labels.txt"] {
            #expect(FileManager.default.fileExists(atPath: package.appending(path: file).path))
        }
    }
}
