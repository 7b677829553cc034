import Toolchain

extension Compiler {
    private static let found = Task { try await Compiler.find() }

    /// What `find` finds, which compiles and runs programs for that, once for all tests.
    public static func shared() async throws -> Compiler { try await found.value }

    /// Whether this machine has a compiler with OpenMP.
    public static var isThere: Bool {
        get async { (try? await shared()) != nil }
    }
}
