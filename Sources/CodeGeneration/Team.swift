/// Who runs a library's threads; all give the same bits.
public enum Team: String, Sendable, CaseIterable {
    /// POSIX threads that each context starts, and that sleep between runs.
    case threads
    /// The OpenMP runtime of the compiler.
    case openMP = "openmp"
    /// Nobody: the caller's thread runs alone, and the library needs no threads of a system.
    case alone = "none"

    /// The files in `src` that are compiled for it alone or with others, but not for all teams.
    private var files: [String] {
        switch self {
        case .threads, .openMP: ["team_\(rawValue).c", "forks.c"]
        case .alone: ["team_none.c"]
        }
    }

    /// Those of all teams.
    package static let allFiles = Set(allCases.flatMap(\.files)).sorted()

    /// Whether a file of a generated library belongs to it.
    package func includes(file: String) -> Bool {
        let isOfTeams = Self.allFiles.contains { file == "src/\($0)" }
        return !isOfTeams || files.contains { file == "src/\($0)" }
    }
}
