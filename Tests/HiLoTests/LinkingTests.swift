import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

/// Libraries in other projects, by CMake and by pkg-config.
@Suite(.serialized) struct LinkingTests {
    /// As Debian's packages have it.
    private static let libraries = "lib/x86_64-linux-gnu"

    /// The folder builds with CMake alone, and what it installs is found from elsewhere. LinkExamplesTests
    /// does it without threads.
    @Test(arguments: TestScope.chosen([Team.threads, .openMP]) { $0 != .openMP })
    func buildsAndInstallsWithCMake(team: Team) async throws {
        try await withTemporaryFolder { folder in
            let target = try Target(isas: [.native()], maxBatch: 3)
            let plan = try Planner(smallNetwork(), target).plan()
            let library = try LibraryGenerator(plan, .seed(5))
                .write(to: folder.appending(path: "library"))
            let build = folder.appending(path: "cmake-build").path
            try await cmake(
                "-S", library.folder.path, "-B", build, "-DCMAKE_INSTALL_LIBDIR=\(Self.libraries)",
                "-Dsmall_TEAM=\(team.rawValue)")
            try await cmake("--build", build, "--parallel", "2")
            try await run("\(build)/harness_small", ["verify"])
            let prefix = folder.appending(path: "prefix")
            try await cmake("--install", build, "--prefix", prefix.path)
            // Moved, because packages travel.
            let moved = folder.appending(path: "moved")
            try FileManager.default.moveItem(at: prefix, to: moved)
            try expectVersionedLibrary(in: moved)
            try await expectFoundFromCPlusPlus(moved, in: folder)
            if team == .openMP { try await expectOpenMPIsAskedFor(moved, in: folder) }
            try await expectPackageConfigLinksTheArchive(moved, in: folder)
        }
    }

    private func expectVersionedLibrary(in prefix: URL) throws {
        #if os(Linux)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: prefix.appending(path: Self.libraries).path)
            let version = GeneratorVersion.number
            let series = version.split(separator: ".").prefix(2).joined(separator: ".")
            #expect(
                Set(names).isSuperset(of: [
                    "libsmall.a", "libsmall.so", "libsmall.so.\(series)", "libsmall.so.\(version)",
                ]), "\(names)")
        #endif
    }

    /// A project without C links both libraries, and knows where the weights are.
    private func expectFoundFromCPlusPlus(_ prefix: URL, in folder: URL) async throws {
        let project = folder.appending(path: "app")
        try write(
            """
            cmake_minimum_required(VERSION 3.16)
            project(app LANGUAGES CXX)
            find_package(small 99.0 QUIET)
            if(small_FOUND)
              message(FATAL_ERROR "every version is taken")
            endif()
            find_package(small \(GeneratorVersion.number) REQUIRED COMPONENTS static)
            foreach(kind small small_static)
              add_executable(app_${kind} app.cpp)
              target_link_libraries(app_${kind} small::${kind})
              target_compile_definitions(app_${kind} PRIVATE WEIGHTS="${small_WEIGHTS}")
            endforeach()
            """, to: project.appending(path: "CMakeLists.txt"))
        try write(Self.program("small"), to: project.appending(path: "app.cpp"))
        let build = folder.appending(path: "app-build").path
        // The second is for systems that do not look into Debian's folder.
        let places = "\(prefix.path);\(prefix.path)/\(Self.libraries)/cmake"
        try await cmake("-S", project.path, "-B", build, "-DCMAKE_PREFIX_PATH=\(places)")
        try await cmake("--build", build, "--parallel", "2")
        for kind in ["small", "small_static"] {
            #expect(try await run("\(build)/app_\(kind)").contains("ok"))
        }
    }

    /// Without the OpenMP library of the archive's compiler the shared library is still found, and
    /// whoever asks for the archive learns what it needs.
    private func expectOpenMPIsAskedFor(_ prefix: URL, in folder: URL) async throws {
        let packages = prefix.appending(path: "\(Self.libraries)/cmake")
        let package = packages.appending(path: "needy")
        try FileManager.default.copyItem(at: packages.appending(path: "small"), to: package)
        let file = package.appending(path: "smallConfig.cmake")
        let text = try String(contentsOf: file, encoding: .utf8)
        let needy = text.replacing(
            /set\(small_OPENMP "[^"]*"\)/, with: "set(small_OPENMP none_such)")
        #expect(needy != text)
        try write(needy, to: file)
        let project = folder.appending(path: "needy")
        try write(
            """
            cmake_minimum_required(VERSION 3.16)
            project(needy LANGUAGES NONE)
            find_package(small REQUIRED)
            if(NOT TARGET small::small OR TARGET small::small_static)
              message(FATAL_ERROR "other targets than the shared library")
            endif()
            message(STATUS "the shared library is there")
            find_package(small REQUIRED COMPONENTS static)
            """, to: project.appending(path: "CMakeLists.txt"))
        let said = try await failure(
            "-S", project.path, "-B", folder.appending(path: "needy-build").path,
            "-Dsmall_DIR=\(package.path)")
        #expect(said.contains("the shared library is there"))
        #expect(said.contains("needs the OpenMP library 'none_such' of the compiler that built it"))
    }

    /// By another compiler than CMake's, where this machine has two: the archive needs the OpenMP
    /// library of CMake's.
    private func expectPackageConfigLinksTheArchive(_ prefix: URL, in folder: URL) async throws {
        guard let packageConfig = find("pkg-config") else {
            return print("SKIPPED: no pkg-config on the PATH")
        }
        let libraries = prefix.appending(path: Self.libraries)
        for name in try FileManager.default.contentsOfDirectory(atPath: libraries.path)
        where name.hasPrefix("libsmall.so") || name.hasSuffix(".dylib") {
            try FileManager.default.removeItem(at: libraries.appending(path: name))
        }
        let environment = ProcessInfo.processInfo.environment
            .merging(["PKG_CONFIG_PATH": libraries.appending(path: "pkgconfig").path]) { $1 }
        func ask(_ question: String...) async throws -> String {
            try await run(packageConfig, question + ["small"], environment: environment)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        #expect(try await ask("--modversion") == GeneratorVersion.number)
        let weights = try await ask("--variable=weights")
        #expect(FileManager.default.fileExists(atPath: weights), "\(weights)")
        let flags = try await ask("--cflags", "--libs", "--static").split(separator: " ")
        let source = folder.appending(path: "app.c")
        try write(Self.program("small"), to: source)
        let program = folder.appending(path: "linked").path
        try await run(
            Compiler.shared().path,
            ["-DWEIGHTS=\"\(weights)\"", source.path, "-o", program] + flags.map(String.init))
        #expect(try await run(program).contains("ok"))
    }

    /// In a project without C: no harness is built, nothing of it is installed, and no target is
    /// called as the library, which has the name of one of CMake's.
    @Test func isAPartOfAnotherProject() async throws {
        try await withTemporaryFolder { folder in
            let library = try generateLayer(named: "help", in: folder)
            let project = folder.appending(path: "app")
            try write(
                """
                cmake_minimum_required(VERSION 3.16)
                project(app LANGUAGES CXX)
                add_subdirectory(\(library.folder.path) library)
                if(TARGET help)
                  message(FATAL_ERROR "a target is called help")
                endif()
                foreach(kind help help_static)
                  add_executable(app_${kind} app.cpp)
                  target_link_libraries(app_${kind} help::${kind} m)
                  target_compile_definitions(app_${kind} PRIVATE WEIGHTS="${help_WEIGHTS}")
                endforeach()
                install(TARGETS app_help_static RUNTIME DESTINATION bin)
                """, to: project.appending(path: "CMakeLists.txt"))
            try write(Self.program("help"), to: project.appending(path: "app.cpp"))
            let build = folder.appending(path: "build").path
            let prefix = folder.appending(path: "prefix").path
            try await cmake("-S", project.path, "-B", build, "-DCMAKE_BUILD_TYPE=Debug")
            try await cmake("--build", build, "--parallel", "2")
            try await cmake("--install", build, "--prefix", prefix)
            for kind in ["help", "help_static"] {
                #expect(try await run("\(build)/app_\(kind)").contains("ok"))
            }
            let harness = FileManager.default.subpaths(atPath: build)?
                .filter { $0.contains("harness") }
            #expect(harness == [])
            let installed = FileManager.default.subpaths(atPath: prefix)?.sorted()
            #expect(installed == ["bin", "bin/app_help_static"])
        }
    }

    #if os(Linux)
        /// As musl's, which takes the OpenMP of another C library.
        @Test func aCompilerWhoseProgramsDoNotStartIsRefused() async throws {
            try await withTemporaryFolder { folder in
                let library = try generateLayer(named: "hilo", in: folder)
                let compiler = folder.appending(path: "cc")
                try write(
                    "#!/bin/sh\nexec gcc \"$@\" -Wl,--dynamic-linker,/nonexistent\n", to: compiler)
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: compiler.path)
                let said = try await failure(
                    "-S", library.folder.path, "-B", folder.appending(path: "build").path,
                    "-DCMAKE_C_COMPILER=\(compiler.path)")
                #expect(said.contains("builds OpenMP programs that do not run here"))
            }
        }
    #endif

    // MARK: Tools

    /// Opens the weights that WEIGHTS names and makes a context; C and C++.
    private static func program(_ name: String) -> String {
        """
        #include <\(name).h>
        #include <stdio.h>
        int main(void)
        {
            \(name)_model *model = NULL;
            \(name)_context *context = NULL;
            \(name)_status status = \(name)_model_open(WEIGHTS, &model);
            if (status == 0) status = \(name)_context_create(model, NULL, &context);
            puts(\(name)_status_text(status));
            \(name)_context_destroy(context);
            \(name)_model_close(model);
            return status != 0;
        }
        """
    }

    /// A library that builds in seconds.
    private func generateLayer(named name: String, in folder: URL) throws -> GeneratedLibrary {
        let layer = try HiLo(
            name: name, dim: 12, heads: 4, window: 2, alpha: 0.5, height: 4, width: 6)
        let plan = try Planner(Network(layer), Target(isa: .generic, maxBatch: 1)).plan()
        return try LibraryGenerator(plan, .seed(5)).write(to: folder.appending(path: "library"))
    }

    private func write(_ text: String, to file: URL) throws {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try (text + "\n").write(to: file, atomically: false, encoding: .utf8)
    }

    private func find(_ name: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/\(name)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    private func cmake(_ arguments: String...) async throws {
        try await run(findCMake(), arguments)
    }

    private func findCMake() throws -> String {
        try #require(find("cmake"), "cmake is not on the PATH; 'make setup' installs it")
    }

    /// What CMake says when it refuses, in one line: it breaks lines where it likes.
    private func failure(_ arguments: String...) async throws -> String {
        let output = try await Program.run(
            findCMake(), arguments: arguments, timeout: TestScope.patience)
        #expect(!output.succeeded, "\(arguments): \(output.stdout)")
        return (output.stdout + output.stderr).split { $0.isWhitespace }.joined(separator: " ")
    }

    @discardableResult
    private func run(
        _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil
    ) async throws -> String {
        try await runSuccessfully(program, arguments, environment: environment).stdout
    }
}
