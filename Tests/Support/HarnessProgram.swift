import Foundation
import Templates
import Toolchain

/// A C program of Tests/Fixtures/harness with files of the generated harness.
///
/// It is compiled by gcc, which comes with sanitizers: reading past an end ends the program.
public struct HarnessProgram: Sendable {
    private let source: String
    private let templates: [String]

    /// - Parameters:
    ///   - source: a file of Tests/Fixtures/harness.
    ///   - templates: names of those that it needs, none with tags but those of the model's name.
    public init(_ source: String, with templates: [String]) {
        self.source = source
        self.templates = templates
    }

    private static let flags = [
        "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ]

    /// The lines that the program prints.
    ///
    /// - Parameter input: the lines that it reads.
    public func lines(for input: [String]) async throws -> [String] {
        try await withTemporaryFolder { folder in
            for name in templates + ["harness.h"] {
                try Self.render(name).write(
                    to: folder.appending(path: name), atomically: false, encoding: .utf8)
            }
            let program = folder.appending(path: "program").path
            let sources =
                templates.filter { $0.hasSuffix(".c") }.map { folder.appending(path: $0).path }
                + ["support.c", source].map { fixtureFolder.appending(path: "harness/\($0)").path }
            _ = try await Self.run(
                "/usr/bin/env",
                ["gcc"] + Self.flags + ["-I", folder.path] + sources + ["-o", program])
            let text = try await Self.run(program, [], input: input.map { $0 + "\n" }.joined())
            return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .map(String.init)
        }
    }

    private static func render(_ name: String) throws -> String {
        guard let text = TemplateFiles.all["harness/\(name)"] else {
            throw FixtureError("there is no template \(name)")
        }
        let rendered = text.replacing("<%model%>", with: "net").replacing("<%MODEL%>", with: "NET")
        guard !rendered.contains("<%") else { throw FixtureError("\(name) has other tags") }
        return rendered
    }

    private static func run(
        _ program: String, _ arguments: [String], input: String = ""
    ) async throws -> String {
        let output = try await Program.run(program, arguments: arguments, input: input)
        guard output.succeeded else {
            throw FixtureError("\(program) ended with \(output.status):\n\(output.stderr)")
        }
        return output.stdout
    }
}
