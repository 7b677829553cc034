import Foundation
import PackagePlugin

/// Puts all files of Templates/ into the binary: a new template needs no list but its folder.
@main
struct EmbedTemplates: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let target = target as? SourceModuleTarget else { return [] }
        let folder = target.directoryURL
        let output = context.pluginWorkDirectoryURL.appending(path: "TemplateTexts.swift")
        return [
            .buildCommand(
                displayName: "Embedding templates",
                executable: try context.tool(named: "embed-templates").url,
                arguments: [folder.path(), output.path()], inputFiles: files(below: folder),
                outputFiles: [output])
        ]
    }

    private func files(below folder: URL) -> [URL] {
        let paths = FileManager.default.enumerator(atPath: folder.path())?
            .compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".mustache") }.sorted().map { folder.appending(path: $0) }
    }
}
