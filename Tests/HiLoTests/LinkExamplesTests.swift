import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

/// The projects of Examples/link, as they are, each configured, built and run.
@Suite(.serialized, .enabled("no C compiler") { await Compiler.isThere })
struct LinkExamplesTests {
    private static let examples = projectFolder.appending(path: "Examples/link")
    private static let emulation = [
        "aarch64-linux-gnu-gcc", "qemu-aarch64-static",
    ]

    // MARK: Ways

    /// Without OpenMP, so that nothing here needs a library of threads; and with its labels.
    @Test func anInstallationIsFound() async throws {
        try await withExamples { folder, library in
            let labels = folder.appending(path: "names")
            try Data("cat\ndog\n".utf8).write(to: labels)
            let prefix = try await install(
                library, in: folder, ["-Dtiny_OPENMP=OFF", "-Dtiny_LABELS=\(labels.path)"])
            try await expectNoThreads(in: prefix)
            let weights = prefix.appending(path: "share/tiny/tiny.safetensors").path
            #expect(
                FileManager.default.contentsEqual(
                    atPath: weights, andPath: library.weightsFile.path))
            let installed = prefix.appending(path: "share/tiny/labels.txt").path
            #expect(FileManager.default.contentsEqual(atPath: installed, andPath: labels.path))
            try await findPackage(prefix, labels: installed, in: folder)
            try await make(prefix, labels: installed, in: folder)
            try await meson(prefix, in: folder)
        }
    }

    @Test func theFolderIsAPartOfAProject() async throws {
        try await withExamples { folder, library in
            let build = try await build(
                "add_subdirectory", in: folder, "-DTINY=\(library.folder.path)")
            try await runSuccessfully(tool("ctest"), ["--test-dir", build])
            try await expectRun("\(build)/app")
        }
    }

    @Test func anArchiveOfTheFolderIsFetched() async throws {
        try await withExamples { folder, library in
            let archive = folder.appending(path: "tiny.tar.gz").path
            try await runSuccessfully(
                tool("tar"), ["-czf", archive, "-C", library.folder.path, "."])
            let build = try await build(
                "fetch_content", in: folder, "-DTINY_URL=file://\(archive)")
            try await expectRun("\(build)/app")
        }
    }

    @Test func aToolchainFileBuildsForAnotherMachine() async throws {
        for name in Self.emulation where Program.find(name) == nil {
            return print("SKIPPED: no \(name); 'make setup-tests' installs it")
        }
        try await withExamples { folder, library in
            let build = try await build(
                "add_subdirectory", in: folder, "-DTINY=\(library.folder.path)",
                "-Dtiny_OPENMP=OFF",
                "-DCMAKE_TOOLCHAIN_FILE=\(folder.path)/cross/aarch64.cmake")
            let said = try await runSuccessfully(tool("ctest"), ["--test-dir", build, "-V"]).stdout
            #expect(said.contains("288 floats by generic"))
            let program = try Data(contentsOf: URL(filePath: "\(build)/app"))
            #expect(program[18] == 183, "not a program for AArch64")
        }
    }

    /// In a C library without OpenMP, in one piece.
    @Test func aCLibraryWithoutOpenMPIsEnough() async throws {
        guard let musl = Program.find("musl-gcc") else {
            return print("SKIPPED: no musl-gcc; 'make setup-tests' installs it")
        }
        try await withExamples { folder, library in
            let build = try await build(
                "add_subdirectory", in: folder, "-DTINY=\(library.folder.path)",
                "-Dtiny_OPENMP=OFF", "-DCMAKE_C_COMPILER=\(musl)")
            try await expectRun("\(build)/app")
        }
    }

    // MARK: Text

    /// What the table says: each way, and how many lines it takes.
    @Test func theTableCountsTheLines() throws {
        let text = try String(
            contentsOf: Self.examples.appending(path: "README.md"), encoding: .utf8)
        let files = [
            "find_package/CMakeLists.txt", "add_subdirectory/CMakeLists.txt",
            "fetch_content/CMakeLists.txt", "meson/meson.build", "make/Makefile",
            "cross/aarch64.cmake",
        ]
        for file in files {
            let lines = try String(
                contentsOf: Self.examples.appending(path: file), encoding: .utf8
            ).split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(lines.count <= 10, "\(file)")
            let row = text.split(separator: "\n").first { $0.contains("(\(file))") }
            #expect(row?.contains("| \(lines.count) |") == true, "\(file): \(lines.count) lines")
        }
        let suite = String(describing: Self.self)
        for match in text.matches(of: /`LinkExamplesTests\.(\w+)`/) {
            let source = try String(contentsOfFile: #filePath, encoding: .utf8)
            #expect(source.contains("func \(match.1)("), "\(suite) has no \(match.1)")
        }
    }

    /// What can only be one of two is said.
    @Test func contradictionsAreRefused() async throws {
        try await withExamples { folder, library in
            let output = try await Program.run(
                tool("cmake"),
                arguments: [
                    "-S", library.folder.path, "-B", folder.appending(path: "build").path,
                    "-Dtiny_OPENMP=OFF", "-Dtiny_TEAM=openmp",
                ], timeout: TestScope.patience)
            #expect(!output.succeeded)
            #expect(output.stderr.contains("tiny_TEAM is openmp and tiny_OPENMP is OFF"))
        }
    }

    // MARK: Steps

    private func findPackage(_ prefix: URL, labels: String, in folder: URL) async throws {
        let build = folder.appending(path: "found").path
        let source = folder.appending(path: "find_package/CMakeLists.txt")
        let text = try String(contentsOf: source, encoding: .utf8)
        for kind in ["tiny", "tiny_static"] {
            let asked =
                text.replacing("tiny::tiny", with: "tiny::\(kind)")
                + "\nmessage(STATUS \"labels: ${tiny_LABELS}\")\n"
            try Data(asked.utf8).write(to: source)
            let said = try await runSuccessfully(
                tool("cmake"),
                [
                    "-S", "\(folder.path)/find_package", "-B", build,
                    "-DCMAKE_PREFIX_PATH=\(prefix.path)",
                ]
            ).stdout
            #expect(said.contains("labels: \(labels)\n"))
            try await cmake("--build", build)
            try await expectRun("\(build)/app")
        }
    }

    private func make(_ prefix: URL, labels: String, in folder: URL) async throws {
        guard let packageConfig = Program.find("pkg-config") else {
            return print("SKIPPED: no pkg-config on the PATH")
        }
        let environment = environment(for: prefix)
        try await runSuccessfully(
            tool("make"), ["-C", "\(folder.path)/make"], environment: environment)
        try await expectRun("\(folder.path)/make/app")
        let said = try await runSuccessfully(
            packageConfig, ["--variable=labels", "tiny"], environment: environment
        ).stdout
        #expect(
            URL(filePath: said.trimmingCharacters(in: .whitespacesAndNewlines)).standardizedFileURL
                .path == labels)
        let needed = try await runSuccessfully(
            packageConfig, ["--libs", "--static", "tiny"], environment: environment
        ).stdout
        #expect(!needed.contains("thread") && !needed.contains("omp"), "\(needed)")
    }

    private func meson(_ prefix: URL, in folder: URL) async throws {
        guard let meson = Program.find("meson"), Program.find("pkg-config") != nil else {
            return print("SKIPPED: no meson or pkg-config; 'make setup-tests' installs them")
        }
        let build = folder.appending(path: "mesoned").path
        try await runSuccessfully(
            meson, ["setup", build, "\(folder.path)/meson"], environment: environment(for: prefix))
        try await runSuccessfully(meson, ["compile", "-C", build])
        try await expectRun("\(build)/app")
    }

    private func environment(for prefix: URL) -> [String: String] {
        ProcessInfo.processInfo.environment
            .merging(["PKG_CONFIG_PATH": prefix.appending(path: "lib/pkgconfig").path]) { $1 }
    }

    private func expectNoThreads(in prefix: URL) async throws {
        for file in ["libtiny.a", "libtiny.so"] {
            let kind = file.hasSuffix(".so") ? ["--dynamic"] : []
            let symbols = try await runSuccessfully(
                tool("nm"),
                kind + ["--undefined-only", prefix.appending(path: "lib/\(file)").path]
            ).stdout
            #expect(symbols.contains("malloc"))
            for word in ["pthread", "omp_", "GOMP", "kmpc"] {
                #expect(!symbols.contains(word), "\(file) needs \(word)")
            }
        }
    }

    private func expectRun(_ program: String) async throws {
        let said = try await runSuccessfully(program).stdout
        #expect(said.contains("288 floats by generic, the first is"), "\(said)")
    }

    // MARK: Tools

    /// A copy of the examples, and a library that builds in seconds.
    private func withExamples(
        _ body: (URL, GeneratedLibrary) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let place = folder.appending(path: "link")
            try FileManager.default.copyItem(at: Self.examples, to: place)
            let layer = try HiLo(
                name: "tiny", dim: 12, heads: 4, window: 2, alpha: 0.5, height: 4, width: 6)
            let plan = try Planner(Network(layer), Target(isa: .generic, maxBatch: 1)).plan()
            let library = try LibraryGenerator(plan, .seed(5))
                .write(to: folder.appending(path: "tiny"))
            try await body(place, library)
        }
    }

    private func install(
        _ library: GeneratedLibrary, in folder: URL, _ options: [String]
    ) async throws -> URL {
        let build = folder.appending(path: "library-build").path
        let prefix = folder.appending(path: "prefix")
        try await runSuccessfully(
            tool("cmake"),
            [
                "-S", library.folder.path, "-B", build, "-DCMAKE_INSTALL_LIBDIR=lib",
                "-Dtiny_HARNESS=OFF",
            ] + options)
        try await cmake("--build", build, "--parallel", "2")
        try await cmake("--install", build, "--prefix", prefix.path)
        return prefix
    }

    /// Configures and builds an example with CMake.
    ///
    /// - Returns: the build's folder.
    private func build(
        _ example: String, in folder: URL, _ options: String...
    ) async throws -> String {
        let build = folder.appending(path: "build").path
        try await runSuccessfully(
            tool("cmake"), ["-S", "\(folder.path)/\(example)", "-B", build] + options)
        try await cmake("--build", build, "--parallel", "2")
        return build
    }

    private func cmake(_ arguments: String...) async throws {
        try await runSuccessfully(tool("cmake"), arguments)
    }

    private func tool(_ name: String) throws -> String {
        try #require(Program.find(name), "\(name) is not on the PATH; 'make setup' installs it")
    }
}
