import Foundation
import Toolchain

extension Compiler {
    private static let found = Task { try await Compiler.find() }
    private static let clang = Task { await first(of: ["/usr/bin/clang"]) }
    private static let gcc = Task { await first(of: ["gcc", "gcc-12", "gcc-13"]) }

    /// What `find` finds, which compiles and runs programs for that, once for all tests.
    public static func shared() async throws -> Compiler { try await found.value }

    /// The system's Clang or GCC, where it builds OpenMP programs.
    public static func of(family: String) async throws -> Compiler? {
        await (family == "gcc" ? gcc : clang).value
    }

    private static func first(of names: [String]) async -> Compiler? {
        for name in names {
            let environment = ProcessInfo.processInfo.environment.merging(["HILO_CC": name]) { $1 }
            if let compiler = try? await Compiler.find(environment: environment),
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
