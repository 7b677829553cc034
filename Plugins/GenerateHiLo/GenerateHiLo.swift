import Foundation
import PackagePlugin

/// `swift package generate-hilo`: from the description of a network or a checkpoint to a Swift package, in a
/// package that depends on hilo.
@main
struct GenerateHiLo: CommandPlugin {
    func performCommand(context: PluginContext, arguments: [String]) async throws {
        var extractor = ArgumentExtractor(arguments)
        if extractor.extractFlag(named: "help") > 0 { return print(Self.help) }
        let output = extractor.extractOption(named: "output").last
        let labels = extractor.extractOption(named: "labels").last
        let force = extractor.extractFlag(named: "force") > 0
        let hilo = try buildHilo()
        let library = context.pluginWorkDirectoryURL.appending(path: "library").path
        let options = extractor.remainingArguments
        try run(hilo, ["generate"] + options + ["--output", library, "--force"])
        try run(
            hilo,
            [
                "package", library, "--swift", "--output",
                output ?? context.package.directoryURL.path,
            ]
                + (labels.map { ["--labels", $0] } ?? []) + (force ? ["--force"] : []))
    }

    private static let help = """
        Generates the C of a network and packages it with a Swift module: a folder NAME-swift in DIR, by default the
        package's.

        usage: swift package --allow-writing-to-package-directory generate-hilo \\
                 --config FILE.yaml --seed N [--name NAME] [--labels FILE] [--output DIR] [--force] ...

        Other options, such as --checkpoint, --model, --resolution and --isa, are those of 'hilo generate'.
        """

    /// For release: it packs and folds weights. As a dependency of the plugin it would be built twice for
    /// those who work on it.
    private func buildHilo() throws -> URL {
        print("Building hilo, which takes minutes at first")
        var parameters = PackageManager.BuildParameters(configuration: .release)
        parameters.echoLogs = true
        let result = try packageManager.build(.product("hilo"), parameters: parameters)
        guard result.succeeded,
            let tool = result.builtArtifacts.first(where: {
                $0.kind == .executable && $0.url.lastPathComponent == "hilo"
            })
        else { throw Failure(command: "build") }
        return tool.url
    }

    private func run(_ tool: URL, _ arguments: [String]) throws {
        let process = try Process.run(tool, arguments: arguments)
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Failure(command: arguments[0])
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        let command: String
        var description: String { "hilo: \(command) failed; what it says is above" }
    }
}
