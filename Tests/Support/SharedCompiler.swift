import Foundation
import Toolchain

extension Compiler {
    private static let found = Task { try await Compiler.find() }

    /// What `find` finds, which compiles and runs programs for that, once for all tests.
    public static func shared() async throws -> Compiler { try await found.value }

    /// The system's Clang or GCC, where it builds OpenMP programs.
    public static func of(family: String) async throws -> Compiler? {
        let names = family == "gcc" ? ["gcc", "gcc-12", "gcc-13"] : ["/usr/bin/clang"]
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
