import Foundation
import Toolchain

extension Compiler {
    private static let found = Task { try await Compiler.find() }
    private static let clang = Task { await first(of: ["/usr/bin/clang"]) }
    private static let gcc = Task { await first(of: ["gcc", "gcc-12", "gcc-13"]) }

    /// What `find` finds, which compiles and runs programs for that, once for all tests.
    public static func shared() async throws -> Compiler { try await found.value }

    /// In `make test` one that does not optimise kernels, most of the time Swift's own Clang: for tests whose subject is not what
    /// a compiler makes of them. Bits do not depend on it. ConformanceTests of this CPU, kernels of farms that compute much, and
    /// all of `make test-long` take `shared`, which optimises.
    public static func hasty() async throws -> Compiler { try await hastyOne.value }

    /// The program of `hasty`, for the environment of others.
    public static let hastyProgram = fixtureFolder.deletingLastPathComponent()
        .appending(path: "Programs/hasty-cc").path

    private static let hastyOne = Task {
        TestScope.isLong ? try await shared() : try await find(environment: naming(hastyProgram))
    }

    private static func naming(_ program: String) -> [String: String] {
        ProcessInfo.processInfo.environment.merging(["HILO_CC": program]) { $1 }
    }

    /// The system's Clang or GCC, where it builds OpenMP programs.
    public static func of(family: String) async throws -> Compiler? {
        await (family == "gcc" ? gcc : clang).value
    }

    private static func first(of names: [String]) async -> Compiler? {
        for name in names {
            if let compiler = try? await Compiler.find(environment: naming(name)),
                compiler.openMP != nil
            {
                return compiler
            }
        }
        return nil
    }

    /// Whether this machine has a compiler with OpenMP.
    public static var isThere: Bool {
        get async { (try? await shared())?.openMP != nil }
    }
}
