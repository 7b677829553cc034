import ArgumentParser

@main
struct Hilo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hilo",
        abstract: "Generates C libraries made for one LITv2 network, resolution and CPU.",
        discussion: """
            A library is generated into a folder, built there, verified against a reference in \
            double precision, and run or timed. Exit codes: 0 ok, 1 a check failed, 64 usage, \
            65 bad input data, 69 no C compiler, 70 internal error, 73 cannot write.
            """,
        version: Version.text,
        subcommands: [
            Generate.self, BuildLibrary.self, Verify.self, Run.self, Bench.self, Tune.self,
            Report.self, PackageLibrary.self, ShowPlan.self, Inspect.self, Convert.self,
            Accuracy.self, Doctor.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(after: error)
        }
    }
}
