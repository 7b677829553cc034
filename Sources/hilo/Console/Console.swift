import FileIO
import Foundation

/// What the program says: results on stdout, everything else on stderr.
///
/// Whatever a text quotes, nothing in it but line ends and tabs reaches a terminal as a command.
enum Console {
    /// Writes a result.
    ///
    /// - Throws: `OutputError` when stdout does not take it, for instance on a full disk.
    static func print(_ text: String) throws {
        try write(text.printableLines)
    }

    private static func write(_ text: String) throws {
        let line = text.hasSuffix("\n") ? text : text + "\n"
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
        } catch {
            throw OutputError("standard output: cannot be written: \(error.localizedDescription)")
        }
    }

    /// Writes a value as one line of JSON, with stable key order.
    static func print(json value: some Encodable) throws {
        try write(String(decoding: encoded(value), as: UTF8.self).printableJSON)
    }

    /// A value as the program writes it everywhere: one line of JSON without its end.
    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(value)
    }

    /// Writes a message for people.
    static func note(_ text: String) {
        // Nobody is left to be told when stderr is closed.
        try? FileHandle.standardError.write(
            contentsOf: Data("hilo: \(text.printableLines)\n".utf8))
    }

    /// Writes a message that only a person at a terminal needs.
    static func hint(_ text: String) {
        if isInteractive { note(text) }
    }

    /// Whether stderr is a terminal.
    static var isInteractive: Bool { isatty(STDERR_FILENO) != 0 }
}
