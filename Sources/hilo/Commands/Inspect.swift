import ArgumentParser
import Foundation
import HiLoKit

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what is in a checkpoint, in packed weights or in a generated library.")

    @Argument(help: "A .pth or .safetensors file, or a folder of 'hilo generate'.")
    var path: String

    @OptionGroup var stateDict: StateDictOption

    @Flag(help: "Prints one JSON object.")
    var json = false

    func run() throws {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if exists, isFolder.boolValue {
            guard stateDict.stateDict == nil else {
                throw UsageError("--state-dict: a library has no state_dicts; leave it out")
            }
            let library = try GeneratedLibrary(folder: URL(fileURLWithPath: path))
            try show(LibrarySummary(library))
        } else {
            try show(CheckpointSummary(try stateDict.read(path)))
        }
    }

    private func show(_ summary: some Summary) throws {
        if json {
            try Console.print(json: summary)
        } else {
            try Console.print(summary.text)
        }
    }
}

/// Something that can be shown to people and to programs.
protocol Summary: Encodable {
    var text: String { get }
}
