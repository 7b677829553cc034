import Foundation

/// A C compiler that has built and run an OpenMP program on this machine.
public struct Compiler: Sendable, Equatable {
    public enum Family: String, Sendable { case clang, gcc }

    /// Absolute path of the program.
    public let path: String
    public let family: Family
    /// `major.minor.patch` as the compiler's own macros say.
    public let version: String
    /// Flags that compile with OpenMP.
    public let openMPFlags: [String]
    /// Flags that link with OpenMP, with the run path when one is needed.
    public let linkFlags: [String]
    /// Folder of the OpenMP library when the system's loader does not find it by itself.
    public let runtimePath: String?

    func compileFlags(_ threading: Threading) -> [String] {
        switch threading {
        case .openMP: openMPFlags
        case .posix: ["-pthread"]
        }
    }

    func linkFlags(_ threading: Threading) -> [String] {
        switch threading {
        case .openMP: linkFlags
        case .posix: ["-pthread"]
        }
    }

    /// A time limit for one step of a probe: a compiler that hangs is as good as none.
    public static let probeTimeLimit = Duration.seconds(30)

    /// The first compiler that builds and runs an OpenMP program.
    ///
    /// `$HILO_CC` alone if it is set, else `$CC` alone; else, in this order, the system's clang
    /// (newest first), `clang`, `gcc`, `gcc-N` and `cc` on the `PATH`. The system's clang comes before
    /// the PATH's because the latter can be a Swift toolchain's, which has no OpenMP.
    ///
    /// - Throws: `ToolchainError.noCompiler` with the reason for each one that was tried.
    public static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        timeLimit: Duration = probeTimeLimit
    ) async throws -> Compiler {
        try await search(environment: environment, timeLimit: timeLimit).compiler
    }

    /// What `find` finds, with the candidates before it that failed and why.
    ///
    /// - Throws: `ToolchainError.noCompiler`.
    public static func search(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        timeLimit: Duration = probeTimeLimit
    ) async throws -> (compiler: Compiler, rejected: [RejectedCompiler]) {
        try await firstWorking(
            CompilerCandidate.all(environment: environment), environment: environment,
            timeLimit: timeLimit)
    }

    static func firstWorking(
        _ candidates: [CompilerCandidate], environment: [String: String], timeLimit: Duration
    ) async throws -> (compiler: Compiler, rejected: [RejectedCompiler]) {
        var rejected: [RejectedCompiler] = []
        for candidate in candidates {
            let probe = CompilerProbe(environment: environment, timeLimit: timeLimit)
            do {
                return (try await probe.compiler(at: candidate), rejected)
            } catch let rejection as RejectedCompiler {
                rejected.append(rejection)
            }
        }
        throw ToolchainError.noCompiler(tried: rejected)
    }
}
