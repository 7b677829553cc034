import Foundation

extension RejectedCompiler: Error {}

/// Finds out whether a program is a C compiler whose programs with threads run here.
struct CompilerProbe {
    let environment: [String: String]
    let timeLimit: Duration
    let threading: Threading

    /// Two threads meet and the compiler says who it is.
    private var source: String { Self.headers + team + Self.main }

    /// In words, what is built.
    private var kind: String {
        switch threading {
        case .openMP: "an OpenMP program"
        case .posix: "a program with threads"
        }
    }

    private static let headers = """
        #include <math.h>
        #include <stdio.h>
        #include <stdlib.h>

        """

    private var team: String {
        switch threading {
        case .openMP:
            """
            #include <omp.h>

            static int count_threads(void) {
                int threads = 0;
                #pragma omp parallel num_threads(2) reduction(+ : threads)
                threads += omp_get_num_threads() == 2;
                return threads;
            }

            """
        case .posix:
            """
            #include <pthread.h>

            static void *count(void *threads) { ++*(int *)threads; return NULL; }

            static int count_threads(void) {
                int threads = 1;
                pthread_t other;
                if (pthread_create(&other, NULL, count, &threads)) return 0;
                return pthread_join(other, NULL) ? 0 : threads;
            }

            """
        }
    }

    private static let main = """
        int main(int argc, char **argv) {
            (void)argv;
            if (count_threads() != 2 || sqrt((double)argc) != 1.0) return EXIT_FAILURE;
        #if defined(__clang__)
            printf("clang %d.%d.%d", __clang_major__, __clang_minor__, __clang_patchlevel__);
        #elif defined(__GNUC__)
            printf("gcc %d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
        #endif
            return EXIT_SUCCESS;
        }

        """

    /// The first candidate that passes, nil when none does, and those that did not.
    ///
    /// - Throws: `ToolchainError.cannotWrite`.
    func first(of candidates: [CompilerCandidate]) async throws
        -> (compiler: Compiler?, rejected: [RejectedCompiler])
    {
        var rejected: [RejectedCompiler] = []
        for candidate in candidates {
            do {
                return (try await compiler(at: candidate), rejected)
            } catch let rejection as RejectedCompiler {
                rejected.append(rejection)
            }
        }
        return (nil, rejected)
    }

    /// The compiler behind a candidate.
    ///
    /// - Throws: `RejectedCompiler` with the first thing that went wrong;
    ///   `ToolchainError.cannotWrite`, which says nothing of the compiler.
    func compiler(at candidate: CompilerCandidate) async throws -> Compiler {
        guard let path = candidate.path else {
            throw RejectedCompiler(
                compiler: candidate.label,
                reason: "no such program (a path or a name without arguments is expected)")
        }
        do {
            return try await withTemporaryFolder { folder in
                let file = folder.appendingPathComponent("probe.c")
                try write(source, to: file)
                return try await probe(path, file)
            }
        } catch let failure as Failure {
            throw RejectedCompiler(compiler: candidate.label, reason: failure.reason)
        } catch let error as ToolchainError {
            if case .cannotWrite = error { throw error }
            throw RejectedCompiler(compiler: candidate.label, reason: error.description)
        }
    }

    private struct Failure: Error { let reason: String }
    /// It was built, but it does not run.
    private struct DoesNotRun: Error { let reason: String }

    private struct Flags {
        let compile: [String]
        let link: [String]
    }

    /// Ways to ask for threads, in the order to try them.
    private var flagSets: [Flags] {
        switch threading {
        case .openMP: Self.openMPFlagSets
        case .posix: [Flags(compile: ["-pthread"], link: ["-pthread"])]
        }
    }

    private static let openMPFlagSets: [Flags] = {
        var sets = [Flags(compile: ["-fopenmp"], link: ["-fopenmp"])]
        #if os(macOS)
            // Apple's clang knows the pragmas but brings no library; Homebrew's libomp does.
            for prefix in ["/opt/homebrew/opt/libomp", "/usr/local/opt/libomp"] {
                sets.append(
                    Flags(
                        compile: ["-Xpreprocessor", "-fopenmp", "-I\(prefix)/include"],
                        link: ["-L\(prefix)/lib", "-lomp"]))
            }
        #endif
        return sets
    }()

    /// Tries each way to ask for threads; the first failure is the one worth telling.
    private func probe(_ path: String, _ file: URL) async throws -> Compiler {
        var first: Failure?
        for flags in flagSets {
            do {
                return try await probe(path, file, flags)
            } catch let failure as Failure {
                first = first ?? failure
            }
        }
        throw first ?? Failure(reason: "no way to build \(kind) is known")
    }

    private func probe(_ path: String, _ file: URL, _ flags: Flags) async throws -> Compiler {
        do {
            return try await probe(path, file, flags, runtimePath: nil)
        } catch let failure as DoesNotRun {
            // The loader may not know the folder of the OpenMP library.
            guard threading == .openMP, let folder = await runtimeFolder(of: path) else {
                throw Failure(reason: failure.reason)
            }
            do {
                return try await probe(path, file, flags, runtimePath: folder)
            } catch let failure as DoesNotRun {
                throw Failure(reason: failure.reason)
            }
        }
    }

    private func probe(_ path: String, _ file: URL, _ flags: Flags, runtimePath: String?)
        async throws -> Compiler
    {
        let link = flags.link + (runtimePath.map { ["-Wl,-rpath,\($0)"] } ?? [])
        let program = file.deletingPathExtension().filePath
        try await compile(
            path,
            flags.compile + ["-std=c11", "-O1", file.filePath, "-o", program] + link + ["-lm"],
            in: file.deletingLastPathComponent())
        let identity = try await run(program)
        let openMP = Compiler.OpenMP(
            compileFlags: flags.compile, linkFlags: link, runtimePath: runtimePath)
        return Compiler(
            path: path, family: identity.family, version: identity.version,
            openMP: threading == .openMP ? openMP : nil)
    }

    private func compile(_ path: String, _ arguments: [String], in folder: URL) async throws {
        let output = try await Program.run(
            path, arguments: arguments, environment: environment, timeout: timeLimit, group: .own)
        guard output.succeeded else {
            try checkRoom(in: folder)
            throw Failure(reason: "cannot build \(kind): \(summary(output))")
        }
    }

    private typealias Identity = (family: Compiler.Family, version: String)

    private func run(_ program: String) async throws -> Identity {
        // A user's OMP_THREAD_LIMIT=1 says nothing about the compiler.
        let clean = environment.filter { !$0.key.hasPrefix("OMP_") && !$0.key.hasPrefix("KMP_") }
        let output = try await Program.run(program, environment: clean, timeout: timeLimit)
        guard output.succeeded else {
            throw DoesNotRun(
                reason: "builds \(kind) that does not run on 2 threads: \(summary(output))")
        }
        let words = output.stdout.split(separator: " ")
        guard words.count == 2, let family = Compiler.Family(rawValue: String(words[0])) else {
            throw Failure(reason: "neither clang nor gcc")
        }
        return (family, String(words[1]))
    }

    /// The folder where the compiler itself finds the OpenMP library.
    private func runtimeFolder(of path: String) async -> String? {
        for library in ["libomp.so", "libgomp.so"] {
            let output = try? await Program.run(
                path, arguments: ["-print-file-name=\(library)"], environment: environment,
                timeout: timeLimit, group: .own)
            let found = (output?.stdout ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            // An unknown library is printed back without a folder.
            if found.hasPrefix("/") {
                return URL(fileURLWithPath: found).resolvingSymlinksInPath()
                    .deletingLastPathComponent().filePath
            }
        }
        return nil
    }

    /// The line that says most: the first error, else the first line, else the status.
    private func summary(_ output: Program.Output) -> String {
        let lines = output.stderr.split(separator: "\n")
        return (lines.first { $0.contains("error") } ?? lines.first).map(String.init)
            ?? output.status.description
    }
}
