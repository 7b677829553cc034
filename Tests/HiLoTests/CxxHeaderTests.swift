import Foundation
import Graphs
import TestFixtures
import Testing
import Toolchain

@testable import HiLoKit

/// The header of C++, by both compilers, strictly, with exceptions and without.
@Suite(.enabled("no C compiler") { await Compiler.isThere }) struct CxxHeaderTests {
    /// Compilers of C++ on this machine.
    private static let compilers = ["g++", "/usr/bin/clang++"].compactMap { name in
        name.contains("/")
            ? FileManager.default.isExecutableFile(atPath: name) ? name : nil : Program.find(name)
    }

    private static let flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic"]

    /// A network, and what the program must know of it.
    enum Kind: CaseIterable, Sendable {
        case classifier, segmenter, detector

        var words: [String] {
            switch self {
            case .classifier: ["RECIPES"]
            case .segmenter: ["SEGMENTS"]
            case .detector: ["DETECTS", "MASKS"]
            }
        }

        func network() throws -> Network {
            switch self {
            case .classifier: try Sample.tiny()
            case .segmenter: try #require(Sample.heads().first { $0.findings == .labels })
            case .detector: try #require(Sample.heads().first { $0.findings == .instances })
            }
        }
    }

    /// What it gives is what C gives.
    @Test(arguments: TestScope.chosen(Kind.allCases) { $0 == .segmenter })
    func resultsAreThoseOfC(kind: Kind) async throws {
        try await withTemporaryFolder { folder in
            let plan = try Planner(kind.network(), Target(isa: .generic, maxBatch: 2)).plan()
            let library = try LibraryGenerator(plan, .seed(5))
                .write(to: folder.appending(path: "library"))
            try await library.build(with: .hasty())
            try await compileAndRun(library, kind.words, in: folder)
        }
    }

    private func compileAndRun(
        _ library: GeneratedLibrary, _ words: [String], in folder: URL
    ) async throws {
        #expect(!Self.compilers.isEmpty)
        let program = folder.appending(path: "owners").path
        let name = library.name
        let definitions =
            ["-DLIBRARY=\(name)", "-DDEFAULT_RECIPE=\(name.uppercased())_RECIPE_DEFAULT"]
            + words.map { "-D\($0)" }
        for compiler in Self.compilers {
            for choice in [[], ["-fno-exceptions"]] {
                try await runSuccessfully(
                    compiler,
                    Self.flags + choice + definitions + [
                        "-I", library.folder.appending(path: "include").path, "-include",
                        "\(name).hpp",
                        projectFolder.appending(path: "Tests/Programs/owners.cpp").path,
                        library.staticLibrary.path, "-lpthread", "-lm", "-o", program,
                    ])
                let said = try await runSuccessfully(program, [library.weightsFile.path]).stdout
                #expect(said == "ok\n")
            }
        }
    }

    /// Also where inputs may have many sizes, or are no pictures.
    @Test func everyKindOfLibraryHasOne() async throws {
        let target = try Target(isa: .generic, maxBatch: 2)
        var plans = [
            try Planner(Sample.layer(), target).plan(),
            try Planner(Sample.backbone(), target).plan(),
        ]
        for flexible in FlexibleLibraryTests.Case.all {
            let network = try flexible.network()
            let rule = try #require(network.inputRule)
            plans.append(try Planner(network, target, resolutions: [Resolution(rule)]).plan())
        }
        for plan in plans {
            try await withTemporaryFolder { folder in
                for file in Generator(plan).files() where file.path.hasPrefix("include/") {
                    let place = folder.appending(path: file.path)
                    try FileManager.default.createDirectory(
                        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try Data(file.contents.utf8).write(to: place)
                }
                let header = folder.appending(path: "include/\(plan.network.name).hpp").path
                for compiler in Self.compilers {
                    try await runSuccessfully(
                        compiler,
                        Self.flags + [
                            "-fsyntax-only", "-include", header, "-x", "c++", "/dev/null",
                        ])
                }
            }
        }
    }
}
