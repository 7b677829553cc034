import ArgumentParser
import FileIO
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

    @OptionGroup var stateDict: StateDictOption

    func run() throws {
        let checkpoint = try stateDict.read(input)
        try checkOutput()
        try checkpoint.writeSafetensors(to: output)
        let unread = checkpoint.unread.sorted { $0.key < $1.key }
        for (name, content) in unread.prefix(20) {
            Console.note("left out: \(name.printable), \(content.printable)")
        }
        if unread.count > 20 { Console.note("left out: \(unread.count - 20) more") }
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
