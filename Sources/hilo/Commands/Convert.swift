import ArgumentParser
import Foundation
import HiLoKit

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turns a checkpoint into a safetensors file.",
        discussion: """
            Tensors keep their names, shapes and types. The input is read as data: nothing that \
            it says is executed.
            """)

    @Argument(help: ArgumentHelp("A .pth or .safetensors file.", valueName: "in"))
    var input: String

    @Argument(help: ArgumentHelp("The safetensors file to write.", valueName: "out"))
    var output: String

    func run() throws {
        let checkpoint = try Checkpoint.read(path: input)
        try checkOutput()
        try checkpoint.writeSafetensors(to: output)
        try Console.print("\(output): \(checkpoint.tensors.count) tensors")
    }

    /// A device or a folder must not be replaced by a file.
    private func checkOutput() throws {
        let facts = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: output).resolvingSymlinksInPath().path)
        guard let type = facts?[.type] as? FileAttributeType, type != .typeRegular else { return }
        throw OutputError(
            "\(output): exists and is \(type == .typeDirectory ? "a folder" : "no regular file"); "
                + "name a .safetensors file to write")
    }
}
