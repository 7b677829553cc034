import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

@testable import Tuning

/// Searches on small networks with a real compiler.
@Suite(.serialized, .enabled("no C compiler with OpenMP") { await Compiler.isThere })
struct TunerTests {
    private func generate(_ network: Network, in folder: URL) throws -> GeneratedLibrary {
        let plan = try Planner(network, Target(isa: .native(), maxBatch: 2)).plan()
        return try LibraryGenerator(plan, .seed(5)).write(to: folder)
    }

    private func contents(_ folder: URL) throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            result[name] = FileManager.default.contents(atPath: folder.appending(path: name).path)
        }
        return result
    }

    /// Times are as they are; what holds for any of them is checked.
    @Test func aSearchEndsInALegalPlan() async throws {
        try await withTemporaryFolder { folder in
            let library = try generate(tinyNetwork(), in: folder.appending(path: "lib"))
            let before = try contents(library.folder)
            let compiler = try await Compiler.hasty()
            let seconds = TestScope.isLong ? 60.0 : 8
            let options = Tuner.Options(timeLimit: seconds, threads: 2, batch: 2)
            let result = try await Tuner(library, compiler: compiler, options: options).tune()
            #expect(try contents(library.folder) == before)
            #expect(result.rejections.isEmpty)
            #expect(try result.plan.reread() == result.plan)
            #expect(result.confirmation.map { $0.ratio >= 1 } ?? (result.plan == library.plan))
            for record in result.records {
                #expect(result.plan.variants[0].kernels.contains(record.kernel))
                #expect(record.batch == 2 && record.gain > 0 && record.peakShare > 0)
            }
            #expect(Set(result.records.map(\.key)).count == result.records.count)
        }
    }

    @Test func withoutTimeNothingChanges() async throws {
        try await withTemporaryFolder { folder in
            let library = try generate(tinyNetwork(), in: folder.appending(path: "lib"))
            let options = Tuner.Options(timeLimit: 0.01, threads: 1)
            let result = try await Tuner(library, compiler: .hasty(), options: options).tune()
            #expect(result.plan == library.plan)
            #expect(result.records.isEmpty)
            #expect(result.remarks.contains { $0.contains("too short") })
        }
    }

    @Test func anEstimateIsTheCostModelsPlan() async throws {
        try await withTemporaryFolder { folder in
            let plan = try randomPlan(tinyNetwork(), .generic, seed: 3)
            let library = try LibraryGenerator(plan, .seed(1))
                .write(to: folder.appending(path: "lib"))
            let result = try await Tuner(
                library, compiler: .hasty(), options: .init(effort: .estimate)
            ).tune()
            #expect(result.plan != plan)
            #expect(result.plan == (try Planner(plan.network, plan.target).plan()))
        }
    }

    @Test func cancellingEndsTheSearchAndLeavesTheLibrary() async throws {
        try await withTemporaryFolder { folder in
            let library = try generate(tinyNetwork(), in: folder.appending(path: "lib"))
            let before = try contents(library.folder)
            let compiler = try await Compiler.hasty()
            let search = Task {
                try await Tuner(library, compiler: compiler, options: .init(threads: 1)).tune()
            }
            search.cancel()
            await #expect(throws: (any Error).self) { try await search.value }
            #expect(try contents(library.folder) == before)
        }
    }

    /// Candidates that compute something else, or crash, are told from sound ones before any is timed.
    @Test func wrongKernelsAreFound() async throws {
        try await withTemporaryFolder { folder in
            let library = try generate(tinyNetwork(), in: folder.appending(path: "lib"))
            let plan = library.plan
            let variant = plan.variants[0]
            let names = variant.kernels.filter { $0.family == GEMM.id }
                .map { $0.functionName(model: plan.network.name, isa: variant.isa) }
            try #require(names.count >= 3)
            // The first computes nothing, the second crashes, the third is left as it is.
            for (name, change) in zip(names, ["return", "__builtin_trap()"]) {
                let file = library.folder.appending(path: "src/kernels/\(variant.isa)/\(name).c")
                let source = try String(contentsOf: file, encoding: .utf8)
                let changed = source.replacing(
                    "work w = { 0 };", with: "work w = { 0 }; \(change);")
                try #require(changed != source)
                try changed.write(to: file, atomically: true, encoding: .utf8)
            }
            try await library.build(with: .hasty())
            let harness = HarnessTiming(library: library, threads: 2, batch: 1)
            #expect(try await harness.problem(of: names[0]) != nil)
            #expect(try await harness.problem(of: names[1]) != nil)
            #expect(try await harness.problem(of: names[2]) == nil)
        }
    }
}
