import Templates
import Testing

/// The harness's help and the options that its commands take.
@Suite struct HarnessHelpTests {
    private static let commands = [
        "verify", "api", "run", "pictures", "channels", "bench", "time", "kernels",
    ]

    /// The options that a file `NAME.c` with `NAME_command` parses.
    private func options(of command: String) throws -> Set<String> {
        let source = try #require(TemplateFiles.all["harness/\(command).c"])
        #expect(source.contains("int \(command)_command("))
        return Set(source.matches(of: /\{ "(--[a-z]+)", OPTION_/).map { String($0.1) })
    }

    /// What the help has between a command and the next.
    private func help(on command: String) throws -> Substring {
        let main = try #require(TemplateFiles.all["harness/main.c"])
        let start = try #require(main.firstRange(of: "\"  \(command)")).lowerBound
        let rest = main[start...].dropFirst()
        let end = try #require(rest.firstMatch(of: /"(  [a-z]|\\n")/)).range.lowerBound
        return rest[..<end]
    }

    @Test(arguments: commands) func theHelpNamesEveryOption(command: String) throws {
        let named = Set(try help(on: command).matches(of: /--[a-z]+/).map { String($0.0) })
        #expect(named == (try options(of: command)))
    }

    @Test func optionsAreFound() throws {
        #expect(try options(of: "run").isSuperset(of: ["--weights", "--resolution", "--recipe"]))
        #expect(try options(of: "kernels") == [])
    }
}
