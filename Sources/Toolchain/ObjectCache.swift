import FileIO
import Foundation

/// Objects by what they were made of, in a folder that builds share: libraries have kernels in common, and
/// most of a library is the same after the next `hilo generate`.
///
/// It is off unless `$HILO_OBJECT_CACHE` names the folder. Headers of the system are not looked at, as little as
/// in `Build.record`: whoever changes those removes the folder, as anybody may at any time. A folder that cannot be read or
/// written is as good as none.
struct ObjectCache: Sendable {
    static let variable = "HILO_OBJECT_CACHE"

    private let folder: URL
    private let patience: Duration

    /// - Parameter patience: how long to wait for another build that makes the same object. That saves no more than
    ///   compiling it, and the other build may never go on.
    init?(environment: [String: String], patience: Duration = .seconds(60)) {
        guard let path = environment[Self.variable], !path.isEmpty else { return nil }
        folder = URL(fileURLWithPath: path)
        self.patience = patience
    }

    /// All that an object depends on; where its sources lie is no part of it.
    struct Key: Sendable {
        fileprivate let text: String
        fileprivate let files: [FileFacts]
        fileprivate var name: String { digest(Data(text.utf8)) }

        /// Whether no file changed since it was read.
        var isCurrent: Bool { files.allSatisfy(\.isCurrent) }
    }

    /// - Parameter known: files that were read before.
    /// - Returns: nil where it cannot be told what the object depends on.
    func key(
        of command: CompileCommand, _ compiler: Compiler, _ threading: [String],
        _ known: inout IncludedFiles
    ) -> Key? {
        let flags = command.flags
        let folders = flags.indices.filter { flags[$0] == "-I" }
        // Objects are kept of silent files alone, which are the same with -Werror.
        let others = flags.indices.filter { !folders.contains($0) && !folders.contains($0 - 1) }
            .map { flags[$0] }.filter { $0 != "-Werror" }
        guard !others.contains(where: Self.readsFilesOrMachine),
            let files = known.files(of: command.source, folders: folders.map { flags[$0 + 1] })
        else { return nil }
        // A debugger shows lines as they are.
        let isDebugged = others.contains { $0.hasPrefix("-g") }
        let texts = isDebugged ? files.map(\.text.whole) : ObjectText.parts(of: files.map(\.text))
        let contents = zip(files, texts).map { "\($0.name) \(digest(Data($1)))" }
        let words = [compiler.path, compiler.version, command.source.lastPathComponent]
        return Key(
            text: (words + threading + others + contents).joined(separator: "\n") + "\n",
            files: files.map(\.facts))
    }

    /// Puts the object in its place.
    ///
    /// - Returns: whether there is one.
    func take(_ key: Key, to object: URL) throws -> Bool {
        let place = folder.appendingPathComponent(key.name)
        guard let text = try? String(contentsOf: textFile(place), encoding: .utf8),
            text == key.text,
            let bytes = try? Data(contentsOf: objectFile(place))
        else { return false }
        try createFolder(object.deletingLastPathComponent())
        try write(bytes, to: object)
        return true
    }

    /// Keeps a copy for other builds. Whole folders take their names, so what is there is complete.
    func keep(_ object: URL, as key: Key) {
        let place = folder.appendingPathComponent(key.name)
        let staging = folder.appendingPathComponent(".\(key.name).\(UUID().uuidString)")
        do {
            try createFolder(staging)
            try write(Data(contentsOf: object), to: objectFile(staging))
            try write(key.text, to: textFile(staging))
            try moveReplacing(staging.filePath, to: place.filePath)
        } catch {
            // Another build may have been first.
            try? FileManager.default.removeItem(at: staging)
        }
    }

    /// Runs `body`, which makes the object of a key, while no other build does: what several begin at the same time
    /// is compiled by one of them. Keys share some hundred locks. Where there can be none, or another build keeps
    /// it for too long, `body` runs without.
    func withLock<Result>(
        of key: Key, _ body: () async throws -> Result
    ) async throws -> Result {
        try? createFolder(folder)
        let lock = folder.appendingPathComponent(".lock-\(key.name.prefix(2))")
        var isLocked = false
        do {
            return try await withFileLockAsleep(lock.filePath, patience: patience) {
                isLocked = true
                return try await body()
            }
        } catch is FileError where !isLocked {
            return try await body()
        }
    }

    private func objectFile(_ place: URL) -> URL { place.appendingPathComponent("object.o") }
    private func textFile(_ place: URL) -> URL { place.appendingPathComponent("made-of.txt") }

    /// Flags with which an object depends on more than the sources and the flags say.
    private static func readsFilesOrMachine(_ flag: String) -> Bool {
        ["-i", "-I", "@", "-fprofile"].contains { flag.hasPrefix($0) } || flag.hasSuffix("=native")
    }
}
