import Foundation
import Templates
import Toolchain

/// The machine's Python, whose standard library knows names of modules and packs archives.
struct Python: Sendable {
    private let path: String
    /// How programs of ours end then; sysexits.h has it.
    private static let cannotWrite: Int32 = 73

    /// - Parameter use: what it is needed for, a clause.
    /// - Throws: `ToolchainError.missingTool`.
    init(for use: String) throws {
        guard let path = Program.find("python3") else {
            throw ToolchainError.missingTool(
                name: "python3",
                advice: "\(use): put it on the PATH (apt-get install python3)")
        }
        self.path = path
    }

    /// Why no module can be called so; nil when one can.
    func objection(to name: String) async throws -> String? {
        let words = try await run("programs/check_name.py", [name])
        return words.isEmpty ? nil : words
    }

    /// Writes a zip archive of the entries and of what they are.
    func pack(_ list: WheelList, to file: URL) async throws {
        let input = String(decoding: try JSONEncoder().encode(list), as: UTF8.self)
        _ = try await run("programs/pack_wheel.py", [file.path], input: input)
    }

    /// Writes a .tar.gz of a folder.
    func pack(folder: URL, to file: URL) async throws {
        _ = try await run("programs/pack_tar.py", [file.path, folder.path])
    }

    /// What a program of ours prints.
    private func run(
        _ template: String, _ arguments: [String], input: String = ""
    ) async throws -> String {
        guard let program = TemplateFiles.python[template] else {
            preconditionFailure("no template is named \(template)")
        }
        // Isolated: no folder or variable of the user's makes it import something else.
        let output = try await Program.run(
            path, arguments: ["-I", "-c", program] + arguments, input: input)
        if output.status == .exited(Self.cannotWrite) {
            throw PackagingError.cannotWrite(
                "\(arguments.first ?? template): cannot be written: \(trimmed(output.stderr))")
        }
        guard output.succeeded else {
            throw ToolchainError.cannotRun(
                program: path, reason: "\(output.status); \(trimmed(output.stderr))")
        }
        return trimmed(output.stdout)
    }

    private func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// What goes into a wheel.
struct WheelList: Encodable {
    struct Entry: Encodable {
        /// In the archive.
        let name: String
        /// Of a file that it is a copy of, or else its text.
        var path, text: String?
        /// Whether it is left as it is: weights hardly become smaller.
        var isStored = false
    }

    /// The folder in the archive that gets RECORD.
    let information: String
    let entries: [Entry]
}
