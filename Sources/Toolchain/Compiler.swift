import Foundation

/// A C compiler that has built a program with threads which ran on this machine.
public struct Compiler: Sendable, Equatable {
    public enum Family: String, Sendable { case clang, gcc }

    /// Absolute path of the program.
    public let path: String
    public let family: Family
    /// `major.minor.patch` as the compiler's own macros say.
    public let version: String
    /// nil where its OpenMP programs cannot be built or do not run.
    public let openMP: OpenMP?

    /// What OpenMP programs need.
    public struct OpenMP: Sendable, Equatable {
        public let compileFlags: [String]
        /// With the run path when one is needed.
        public let linkFlags: [String]
        /// Folder of the OpenMP library when the system's loader does not find it by itself.
        public let runtimePath: String?
    }

    /// - Throws: `ToolchainError.missingTool`.
    func compileFlags(_ threading: Threading) throws -> [String] {
        switch threading {
        case .openMP: try neededOpenMP().compileFlags
        case .posix: ["-pthread"]
        }
    }

    /// - Throws: `ToolchainError.missingTool`.
    func linkFlags(_ threading: Threading) throws -> [String] {
        switch threading {
        case .openMP: try neededOpenMP().linkFlags
        case .posix: ["-pthread"]
        }
    }

    private func neededOpenMP() throws -> OpenMP {
        guard let openMP else {
            throw ToolchainError.missingTool(
                name: "a working OpenMP for \(path)",
                advice: "build with --team threads, or install it (apt-get install libomp-dev)")
        }
        return openMP
    }

    /// A time limit for one step of a probe: a compiler that hangs is as good as none.
    public static let probeTimeLimit = Duration.seconds(30)

    /// The first compiler whose OpenMP programs run; where there is none, the first whose programs
    /// with POSIX threads do.
    ///
    /// `$HILO_CC` alone if it is set, else `$CC` alone; else, in this order, the system's clang
    /// (newest first), `clang`, `gcc`, `gcc-N` and `cc` on the `PATH`. The system's clang comes before
    /// the PATH's because the latter can be a Swift toolchain's, which has no OpenMP.
    ///
    /// - Throws: `ToolchainError.noCompiler` with the reason for each one that was tried;
    ///   `.cannotWrite` when nothing can be tried.
    public static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        timeLimit: Duration = probeTimeLimit
    ) async throws -> Compiler {
        try await search(environment: environment, timeLimit: timeLimit).compiler
    }

    /// What `find` finds, with the candidates that failed and why: those before it, or all when none
    /// has OpenMP.
    ///
    /// - Throws: `ToolchainError.noCompiler`, `.cannotWrite`.
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
        let openMP = CompilerProbe(
            environment: environment, timeLimit: timeLimit, threading: .openMP)
        let (compiler, rejected) = try await openMP.first(of: candidates)
        if let compiler { return (compiler, rejected) }
        // Libraries whose threads are their own do without.
        let posix = CompilerProbe(
            environment: environment, timeLimit: timeLimit, threading: .posix)
        if let compiler = try await posix.first(of: candidates).compiler {
            return (compiler, rejected)
        }
        throw ToolchainError.noCompiler(tried: rejected)
    }
}
