import Foundation
import HiLoKit
import TestFixtures
import Testing
import Toolchain

/// The threads of a library, of every kind, and of its users.
@Suite(.serialized) struct TeamTests {
    /// Tickets run out every few runs with so few bits, which takes four million steps otherwise.
    private static let fewTickets = "-DTICKET_BITS=8"

    /// OpenMP is GCC's here, whose runtime does not survive a fork; Clang's is tested elsewhere.
    @Test(arguments: Team.allCases)
    func keepsWhatTheHeaderPromises(team: Team) async throws {
        let family = team == .openMP ? "gcc" : "clang"
        guard let compiler = try await Compiler.of(family: family) else {
            return print("SKIPPED: no \(family) that builds OpenMP programs")
        }
        try await withTemporaryFolder { folder in
            let plan = try Planner(smallNetwork(), Target(isa: .generic, maxBatch: 3)).plan()
            let library = try LibraryGenerator(plan, .seed(5))
                .write(to: folder.appending(path: "library"))
            try await library.build(
                with: compiler, team: team, extraFlags: ["-Werror", Self.fewTickets])
            #expect(library.builtTeam == team)
            try await run(library.harness.path, ["api", "--weights", library.weightsFile.path])
            try await run(library.harness.path, ["verify", "--threads", "5"])
            #if os(Linux)
                try await expectBehaviour(of: library, team, compiler, in: folder)
            #endif
        }
    }

    private func expectBehaviour(
        of library: GeneratedLibrary, _ team: Team, _ compiler: Compiler, in folder: URL
    ) async throws {
        let program = folder.appending(path: "team").path
        try await compile("team.c", to: program, library, compiler, [library.staticLibrary.path])
        let weights = library.weightsFile.path
        let checks =
            ["fork", "middle", "sizes", "idle"] + (team == .threads ? ["own", "limit"] : [])
        for check in checks { try await run(program, [check, weights]) }
        let pools = folder.appending(path: "parallel").path
        try await compile("parallel.c", to: pools, library, compiler, [library.staticLibrary.path])
        try await run(pools, [weights])
        // Without threads nobody asks how many processors there are.
        if team == .alone {
            let threads = try await run(program, ["default", weights])
            return #expect(threads == "1\n")
        }
        try await expectDefaults(program, weights)
        try await expectQuotas(library, compiler, in: folder)
    }

    /// The number of threads that nobody chose.
    private func expectDefaults(_ program: String, _ weights: String) async throws {
        func threads(_ check: String, _ variables: [String: String] = [:]) async throws -> Int? {
            let inherited = ProcessInfo.processInfo.environment
                .filter { !$0.key.hasPrefix("OMP_") && !$0.key.hasPrefix("KMP_") }
            let output = try await run(
                program, [check, weights], environment: inherited.merging(variables) { $1 })
            return Int(output.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let all = try #require(try await threads("default"))
        #expect((1...ProcessInfo.processInfo.processorCount).contains(all))
        #expect(try await threads("pinned") == 1)
        #expect(try await threads("default", ["OMP_NUM_THREADS": "1"]) == 1)
        #expect(try await threads("default", ["OMP_NUM_THREADS": " 1 , 2"]) == 1)
        #expect(try await threads("default", ["OMP_THREAD_LIMIT": "1"]) == 1)
        // Runtimes of OpenMP differ in what they make of these; to the library they say nothing.
        for odd in ["", "abc", "0", "-1", "99999999999999999999", "1;2"] {
            #expect(try await threads("default", ["OMP_NUM_THREADS": odd]) == all, "\(odd)")
        }
        // More than there are processors would only wait for each other.
        #expect(try await threads("default", ["OMP_NUM_THREADS": "1000"]) == all)
    }

    /// What control groups of both versions allow, in files that look like theirs.
    private func expectQuotas(
        _ library: GeneratedLibrary, _ compiler: Compiler, in folder: URL
    ) async throws {
        let program = folder.appending(path: "quota").path
        try await compile(
            "quota.c", to: program, library, compiler, [library.staticLibrary.path])
        let root = folder.appending(path: "cgroup")
        let files = [
            "cpu.max": "max 100000", "app/cpu.max": "150000 100000",
            "app/inner/cpu.max": "max 100000",
            "cpu,cpuacct/one/cpu.cfs_quota_us": "50000",
            "cpu,cpuacct/one/cpu.cfs_period_us": "100000",
            "cpu,cpuacct/free/cpu.cfs_quota_us": "-1",
            "cpu,cpuacct/free/cpu.cfs_period_us": "100000",
            "cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000",
            "odd/cpu.max": "many", "zero/cpu.max": "0 0",
        ]
        for (path, text) in files { try write(text + "\n", to: root.appending(path: path)) }
        let groups = folder.appending(path: "groups")
        func quota(_ lines: String) async throws -> Int? {
            try write(lines, to: groups)
            return Int(
                try await run(program, [groups.path, root.path])
                    .trimmingCharacters(in: .whitespacesAndNewlines))
        }
        #expect(try await quota("0::/\n") == 0)
        #expect(try await quota("0::/app\n") == 2)
        #expect(try await quota("0::/app/inner\n") == 2, "a group's quota holds for those in it")
        #expect(try await quota("4:memory:/x\n3:cpu,cpuacct:/one\n1:cpuset:/\n") == 1)
        #expect(try await quota("3:cpu,cpuacct:/elsewhere\n") == 3, "mounted as the root")
        #expect(try await quota("3:cpuacct,cpu:/free") == 3)
        #expect(try await quota("0::/odd\n0::/zero\nnothing\n:\n::\n") == 0)
        #expect(try await quota("0::/" + String(repeating: "a/", count: 6000)) == 0)
        try FileManager.default.removeItem(at: groups)
        #expect(
            try await run(program, [groups.path, root.path])
                .trimmingCharacters(in: .whitespacesAndNewlines) == "0")
    }

    // MARK: Tools

    private func compile(
        _ source: String, to program: String, _ library: GeneratedLibrary, _ compiler: Compiler,
        _ archives: [String]
    ) async throws {
        let team = library.builtTeam == .openMP ? ["-fopenmp"] : ["-pthread"]
        let includes = ["include", "src"].flatMap {
            ["-I", library.folder.appending(path: $0).path]
        }
        try await run(
            compiler.path,
            ["-std=gnu11", "-Wall", "-Wextra", "-Werror"] + includes
                + [projectFolder.appending(path: "Tests/Programs/\(source)").path] + archives
                + team + ["-lm", "-o", program])
    }

    private func write(_ text: String, to file: URL) throws {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    @discardableResult
    private func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil
    ) async throws -> String {
        try await runSuccessfully(program, arguments, environment: environment).stdout
    }
}
