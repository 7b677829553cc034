import Toolchain

/// Runs a program to its end, as long as a busy machine may take.
///
/// - Throws: `FixtureError` with all that it said when it does not end with 0.
@discardableResult
public func runSuccessfully(
    _ program: String, _ arguments: [String] = [], environment: [String: String]? = nil
) async throws -> Program.Output {
    let output = try await Program.run(
        program, arguments: arguments, environment: environment, timeout: TestScope.patience)
    guard output.succeeded else {
        throw FixtureError(
            "\(program) \(arguments): \(output.status): \(output.stdout)\(output.stderr)")
    }
    return output
}
