import FileIO
import Foundation
import HiLoKit
import Synchronization
import Testing

@testable import Toolchain
@testable import Tuning

/// Warnings, from whatever thread they come.
private final class Warnings: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    var collector: TuningDatabase.Warning { { text in self.texts.withLock { $0.append(text) } } }
}

@Suite struct DatabaseTests {
    private let plan: Plan
    private var variant: Variant { plan.variants[0] }

    init() throws { plan = try Planner(tinyNetwork(), Target(isa: .avx2)).plan() }

    private func machine(
        _ fields: [String: String] = ["cpu family": "25", "model": "17"], threads: Int = 2
    ) -> Machine {
        Machine(
            isa: .avx2, precision: .f32, threads: threads, compiler: "clang 14.0.6",
            cpu: HostCPU(
                model: "Some CPU", isaFlags: ["fma", "avx2"], cores: 2, l1d: 32_768, l2: 1 << 20,
                l3: nil, fields: fields))
    }

    /// Another schedule than the plan's, for the work that is `index`-th in size.
    private func other(_ index: Int, candidate: Int = 0) -> Kernel {
        let kernels = variant.tunable[index].kernels(.two(.avx2))
        return kernels.filter { !variant.kernels.contains($0) }[candidate]
    }

    private func record(
        _ kernel: Kernel, on machine: Machine? = nil, batch: Int = 1, date: Int = 100,
        gain: Double = 1.25
    ) -> TuningRecord {
        TuningRecord(
            machine: machine ?? self.machine(), batch: batch, kernel: kernel, peakShare: 0.875,
            gain: gain, date: date)
    }

    @Test func recordsComeBackAsTheyWere() async throws {
        try await withTemporaryFolder { folder in
            let warnings = Warnings()
            let file = folder.appending(path: "deep/er/tuning.json")
            let database = TuningDatabase(file: file, warn: warnings.collector)
            #expect(try database.records().isEmpty)
            let records = [record(other(0)), record(other(1), batch: 4)]
            try database.add(records)
            #expect(try database.records() == records)
            #expect(warnings.all.isEmpty)
            let left = try FileManager.default.contentsOfDirectory(
                atPath: file.deletingLastPathComponent().path)
            #expect(Set(left) == ["tuning.json", "tuning.json.lock"])
        }
    }

    @Test func theLaterRecordWinsUnlessReplacing() async throws {
        try await withTemporaryFolder { folder in
            let database = TuningDatabase(file: folder.appending(path: "t.json")) { _ in }
            let old = record(other(0, candidate: 0), date: 10)
            let new = record(other(0, candidate: 1), date: 20)
            let elsewhere = record(other(0), on: machine(threads: 3), date: 5)
            try database.add([new, elsewhere])
            try database.add([old], .newer)
            #expect(try database.records() == [new, elsewhere])
            try database.add([old], .replace)
            #expect(try database.records() == [old, elsewhere])
        }
    }

    /// Each writer adds records of its own, one at a time, and none may be lost.
    @Test func writersAtOnceLoseNothing() async throws {
        try await withTemporaryFolder { folder in
            let database = TuningDatabase(file: folder.appending(path: "t.json")) { _ in }
            let kernel = other(0)
            let machines = (0..<24).map { machine(["stepping": "\($0)"]) }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for machine in machines {
                    tasks.addTask { try database.add([record(kernel, on: machine)]) }
                }
                try await tasks.waitForAll()
            }
            #expect(Set(try database.records().map(\.machine)) == Set(machines))
        }
    }

    @Test(arguments: [
        "{\"version\": 1, \"records\": [", "", "[]", "{\"version\": 0, \"records\": []}",
    ])
    func aDamagedFileIsSetAside(text: String) async throws {
        try await withTemporaryFolder { folder in
            let warnings = Warnings()
            let file = folder.appending(path: "tuning.json")
            try Data(text.utf8).write(to: file)
            let database = TuningDatabase(file: file, warn: warnings.collector)
            let added = record(other(0))
            try database.add([added])
            #expect(try database.records() == [added])
            let warning = try #require(warnings.all.first)
            #expect(warnings.all.count == 1)
            #expect(warning.contains("tuning.json.corrupt-"))
            let aside = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasPrefix("tuning.json.corrupt-") }
            #expect(aside.count == 1)
            let kept = try Data(contentsOf: folder.appending(path: try #require(aside.first)))
            #expect(kept == Data(text.utf8))
        }
    }

    /// Its records may look like anything.
    @Test(arguments: [
        "{\"version\": 99, \"records\": []}", "{\"version\": 2, \"entries\": {\"a\": 1}}",
    ])
    func aFileOfALaterVersionStays(text: String) async throws {
        try await withTemporaryFolder { folder in
            let warnings = Warnings()
            let file = folder.appending(path: "tuning.json")
            try Data(text.utf8).write(to: file)
            let database = TuningDatabase(file: file, warn: warnings.collector)
            #expect(try database.records().isEmpty)
            let warning = try #require(warnings.all.first)
            #expect(warning.contains("tuning.json") && warning.contains("neither used nor changed"))
            let error = #expect(throws: FileError.self) { try database.add([record(other(0))]) }
            #expect(error?.problem.contains("stays as it is") == true)
            #expect(try Data(contentsOf: file) == Data(text.utf8))
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(Set(left).isSubset(of: ["tuning.json", "tuning.json.lock"]))
        }
    }

    /// Who finds a damaged file looks again under the lock: another program may have set it aside and
    /// written a sound one.
    @Test func aSoundFileIsNeverSetAside() async throws {
        try await withTemporaryFolder { folder in
            let warnings = Warnings()
            let file = folder.appending(path: "tuning.json")
            try Data("[]".utf8).write(to: file)
            let database = TuningDatabase(file: file, warn: warnings.collector)
            let expected = record(other(0))
            let reading = try withFileLock(file.path + ".lock") {
                let reading = Task.detached { try database.records() }
                // It may have read the damaged file by now or not: it waits for the lock, or finds
                // the sound one.
                try TuningFile([expected]).write(to: file.path)
                return reading
            }
            #expect(try await reading.value == [expected])
            #expect(warnings.all.isEmpty)
        }
    }

    /// A clock that was wrong once must not decide for ever.
    @Test func aDateInTheFutureSaysNothing() async throws {
        try await withTemporaryFolder { folder in
            let database = TuningDatabase(file: folder.appending(path: "t.json")) { _ in }
            let future = record(other(0), date: 9_999_999_999)
            let measured = record(other(0, candidate: 1), date: 100)
            try database.add([future])
            try database.add([measured])
            #expect(try database.records() == [measured])
            try database.add([future], .newer)
            #expect(try database.records() == [measured])
            try database.add([future], .replace)
            try database.add([measured], .newer)
            #expect(try database.records() == [measured])

            let otherBatch = record(other(0), batch: 4, date: 9_999_999_999)
            let kernels = [otherBatch, measured].kernels(
                for: variant.tunable, of: plan, on: machine())
            #expect(kernels == [measured.kernel])
        }
    }

    /// Kernels or instruction sets that only another version knows: its records are none for this one,
    /// and stay.
    @Test func recordsOfOtherVersionsStay() async throws {
        try await withTemporaryFolder { folder in
            let warnings = Warnings()
            let file = folder.appending(path: "tuning.json")
            let foreign = #"{"kernel":{"family":"quantum","spec":[1.5,null,true]}}"#
            try Data(#"{"version": 1, "records": [\#(foreign)]}"#.utf8).write(to: file)
            let database = TuningDatabase(file: file, warn: warnings.collector)
            #expect(try database.records().isEmpty)
            let added = record(other(0))
            try database.add([added])
            #expect(try database.records() == [added])
            let text = try String(contentsOf: file, encoding: .utf8).filter { !$0.isWhitespace }
            #expect(text.contains(foreign.filter { !$0.isWhitespace }))
            #expect(warnings.all.isEmpty)
        }
    }

    @Test func onlyTheSameMachineCounts() throws {
        let kernel = other(0)
        let here = machine()
        for elsewhere in [
            machine(["cpu family": "26", "model": "17"]),
            machine(["cpu family": "25", "model": "18"]),
            machine(["cpu family": "25", "model": "17", "stepping": "1"]), machine(threads: 1),
        ] {
            #expect(elsewhere != here)
            #expect(
                [record(kernel, on: elsewhere)].kernels(for: variant.tunable, of: plan, on: here)
                    .isEmpty)
        }
        #expect([record(kernel)].kernels(for: variant.tunable, of: plan, on: here) == [kernel])
    }

    @Test func ofSeveralBatchesTheLatestThatFitsIsUsed() throws {
        let (one, four, many) = (
            other(0), other(0, candidate: 1), other(0, candidate: 2)
        )
        let records = [
            record(four, batch: 4, date: 30), record(one, batch: 1, date: 20),
            record(many, batch: 64, date: 90),
        ]
        #expect(records.kernels(for: variant.tunable, of: plan, on: machine()) == [four])
    }

    /// What a file says is not trusted: a tile that fits no registers is left out.
    @Test func illegalSchedulesAreLeftOut() throws {
        let spec = try #require(
            variant.tunable.compactMap { $0.spec(as: GEMM.self) }.first)
        for rows in [14, .max] {
            let schedule = GEMM.Schedule(rows: rows, vectors: 2, slab: 1, split: .rows)
            let kernel = Kernel(GEMM.self, spec, schedule)
            #expect([record(kernel)].kernels(for: variant.tunable, of: plan, on: machine()).isEmpty)
        }
    }

    /// Nor are sizes that no network can have.
    @Test func impossibleSizesAreLeftOut() {
        let map = Resolution(height: 0, width: .max)
        let kernels = [
            Kernel(
                FusedConvFFN.self, .init(map: map, channels: .max, hidden: .max),
                .init(rows: 1, vectors: 1, band: 1, strip: 1)),
            Kernel(
                LoFiAttention.self,
                .init(
                    queries: .max, keys: .max, heads: 1, headDim: 1, queryStride: 1, keyStride: 1,
                    outputStride: 1), .init(rows: 1, keyVectors: 1, block: 1)),
        ]
        for kernel in kernels {
            #expect([record(kernel)].kernels(for: variant.tunable, of: plan, on: machine()).isEmpty)
        }
    }

    @Test func theFolderFollowsTheEnvironment() {
        func path(_ environment: [String: String]) -> String {
            TuningDatabase(environment: environment) { _ in }.file.path
        }
        let home = ["HOME": "/h"]
        #expect(path(home) == "/h/.cache/hilo/tuning.json")
        #expect(path(["HOME": "/h", "XDG_CACHE_HOME": "/x"]) == "/x/hilo/tuning.json")
        #expect(
            path(["HOME": "/h", "XDG_CACHE_HOME": "/x", "HILO_CACHE": "/c"]) == "/c/tuning.json")
        #expect(path(["HOME": "/h", "XDG_CACHE_HOME": "", "HILO_CACHE": ""]) == path(home))
    }

    /// A plan takes over what was measured here, and nothing from a record of another machine.
    @Test func plansUseTheRecordsOfThisMachine() async throws {
        try await withTemporaryFolder { folder in
            let database = TuningDatabase(file: folder.appending(path: "t.json")) { _ in }
            let compiler = Compiler(path: "/no/cc", family: .clang, version: "1.2.3", openMP: nil)
            let kernel = other(0)
            let unasked = try await database.tuned(plan, threads: 2) {
                Issue.record("the compiler matters only when there are records")
                return compiler
            }
            #expect(unasked == nil)
            try database.add([record(kernel)])
            #expect(try await database.tuned(plan, threads: 2) { compiler } == nil)

            let here = Machine(
                isa: .avx2, precision: .f32, threads: 2, compiler: compiler)
            try database.add([record(kernel, on: here)])
            let tuned = try #require(try await database.tuned(plan, threads: 2) { compiler })
            #expect(tuned.known == 1)
            #expect(tuned.plan != plan)
            #expect(tuned.plan.variants[0].kernels.contains(kernel))
            #expect(try tuned.plan.reread() == tuned.plan)
            #expect(try await database.tuned(plan, threads: 5) { compiler } == nil)
        }
    }
}
