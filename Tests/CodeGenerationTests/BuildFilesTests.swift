import CodeGeneration
import Foundation
import Machines
import Networks
import Planning
import Testing

/// What CMake and pkg-config read, without running them.
@Suite struct BuildFilesTests {
    private func file(_ path: String, of name: String = "help") throws -> String {
        let layer = try HiLo(
            name: name, dim: 12, heads: 4, window: 2, alpha: 0.5, height: 4, width: 6)
        let plan = try Planner(Network(layer), Target(isas: [.generic, .avx2], maxBatch: 1)).plan()
        return try #require(Generator(plan).files().first { $0.path == path }).contents
    }

    /// Packages have the version of the HiLo that generated them, which is what `--version` says.
    @Test func theVersionIsTheGenerators() throws {
        let number = GeneratorVersion.number
        #expect(number.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
        let commandLine = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/hilo/Version.swift")
        let text = try String(contentsOf: commandLine, encoding: .utf8)
        #expect(text.contains("\"\(number)\"") || text.contains("GeneratorVersion.number"))
        #expect(try file("CMakeLists.txt").contains("VERSION \(number) "))
        #expect(try file("cmake/help.pc.in").contains("Version: \(number)\n"))
    }

    /// Libraries may be called as what CMake keeps for itself.
    @Test(arguments: ["all", "help", "install", "test"])
    func noTargetIsCalledAsTheLibrary(name: String) throws {
        let lists = try file("CMakeLists.txt", of: name)
        let targets = lists.matches(of: /add_(?:library|executable)\(([^ )]+)/).map { String($0.1) }
        #expect(targets.contains("\(name)_static") && targets.contains("harness_\(name)"))
        #expect(!targets.contains(name))
        // The library m of C must not be a target m.
        let linked = lists.matches(of: /target_link_libraries\(([^)]*)\)/)
            .flatMap { $0.1.split(separator: " ") }
        #expect(linked.contains("-lm") && !linked.contains("m"))
    }

    /// Kernels are made to be unrolled; everything else is as the user's build type has it.
    @Test func onlyKernelsHaveAnOptimisationOfTheirOwn() throws {
        let lists = try file("CMakeLists.txt")
        let options = lists.matches(of: /COMPILE_OPTIONS "([^"]*)"/).map { String($0.1) }
        #expect(options.count == 2)
        for flags in options { #expect(flags.hasPrefix("-O3;")) }
        let others = try #require(lists.firstMatch(of: /set\(FLAGS ([^)]*)\)/)).1
        #expect(others.contains("-ffp-contract=off"))
        #expect(!others.contains("-O"))
    }

    /// What it says of folders is filled in by CMake, and follows the file.
    @Test func thePackageConfigNamesNoPrefix() throws {
        let text = try file("cmake/help.pc.in")
        #expect(text.contains("prefix=@PC_PREFIX@\n"))
        #expect(text.contains("weights=@PC_DATADIR@/help/help.safetensors\n"))
        #expect(text.contains("Libs.private: @PC_THREADS@ -lm\n"))
    }
}
