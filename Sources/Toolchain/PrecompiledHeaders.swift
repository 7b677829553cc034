import Foundation

/// Headers that many files begin with, compiled once for all of them: the compiler's own header of vector
/// instructions takes as long as a kernel.
///
/// Objects are the same with and without, so a header that cannot be precompiled is no error.
struct PrecompiledHeaders: Sendable {
    private struct Key: Hashable {
        let header: URL
        let flags: [String]

        init?(_ command: CompileCommand) {
            guard let prefix = command.prefix else { return nil }
            header = prefix
            // Where other headers lie makes no difference to this one.
            let folders = command.flags.indices.filter { command.flags[$0] == "-I" }
            let left = Set(folders + folders.map { $0 + 1 })
            flags = command.flags.indices.filter { !left.contains($0) }.map { command.flags[$0] }
        }
    }

    /// Fewer files are compiled sooner without.
    private static let leastFiles = 3

    /// What takes the header's place, by header and flags.
    private var stubs: [Key: String] = [:]

    /// - Parameter run: runs the compiler with these arguments, and says whether it succeeded.
    init(
        for commands: [CompileCommand], in folder: URL,
        run: (_ arguments: [String]) async throws -> Bool
    ) async throws {
        let groups = Dictionary(grouping: commands) { Key($0) }
        for (key, commands) in groups where commands.count >= Self.leastFiles {
            guard let key else { continue }
            let place = folder.appendingPathComponent(String(stubs.count))
            try createFolder(place)
            // Beside it lies what GCC and Clang both take in its stead.
            let stub = place.appendingPathComponent(key.header.lastPathComponent)
            try write("#include \"\(key.header.filePath)\"\n", to: stub)
            let compiled = stub.appendingPathExtension("gch").filePath
            let arguments = ["-x", "c-header", key.header.filePath, "-o", compiled]
            if try await run(commands[0].flags + arguments) { stubs[key] = stub.filePath }
        }
    }

    /// Puts it before a source.
    func flags(for command: CompileCommand) -> [String] {
        guard let key = Key(command), let stub = stubs[key] else { return [] }
        return ["-include", stub]
    }
}
