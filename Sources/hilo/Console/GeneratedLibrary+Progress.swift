import HiLoKit

extension GeneratedLibrary {
    /// Compiles with the first compiler that works.
    ///
    /// - Parameter team: nil is what the last build chose.
    @discardableResult
    func buildShowingProgress(team: Team? = nil) async throws -> BuildReport {
        let compiler = try await Compiler.find()
        let report = try await ProgressLine.during { line in
            try await build(with: compiler, team: team) { line.show($0, of: $1, $2) }
        }
        if !report.diagnostics.isEmpty {
            Console.note("the compiler warned:\n\(report.diagnostics)")
        }
        return report
    }
}
