import Testing

extension Sandbox {
    /// Expects that a command fails with `status`, says all of `words` in an error on stderr,
    /// nothing on stdout, and leaves the folder as it was.
    func expectFailure(
        _ status: Int32, of arguments: [String], saying words: [String],
        environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try contents()
        let ending = try await hilo(arguments, environment: environment)
        #expect(ending.status == status, "\(ending.stderr)", sourceLocation: sourceLocation)
        #expect(ending.stdout.isEmpty, sourceLocation: sourceLocation)
        #expect(ending.stderr.contains("hilo: error: "), sourceLocation: sourceLocation)
        for word in words {
            #expect(
                ending.stderr.contains(word), "'\(word)' is missing in: \(ending.stderr)",
                sourceLocation: sourceLocation)
        }
        #expect(try contents() == before, "files were left behind", sourceLocation: sourceLocation)
    }
}
