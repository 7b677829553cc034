/// Who runs a library's threads; both kinds give the same bits.
public enum Team: String, Sendable, CaseIterable {
    /// POSIX threads that each context starts, and that sleep between runs.
    case threads
    /// The OpenMP runtime of the compiler.
    case openMP = "openmp"

    /// The file that is compiled for it, of a generated library.
    package var source: String { "src/team_\(rawValue).c" }

    /// Whether a file of a generated library belongs to it.
    package func includes(file: String) -> Bool {
        Team.allCases.allSatisfy { $0 == self || $0.source != file }
    }
}
