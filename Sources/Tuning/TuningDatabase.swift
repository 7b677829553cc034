import FileIO
import Foundation

/// Records of all tuning on a machine, in a file that every user of HiLo on it shares.
public struct TuningDatabase: Sendable {
    /// Told of what is wrong but no reason to stop.
    public typealias Warning = @Sendable (String) -> Void

    public let file: URL
    private let warn: Warning

    public init(file: URL, warn: @escaping Warning) {
        self.file = file
        self.warn = warn
    }

    /// `tuning.json` in `$HILO_CACHE`, `$XDG_CACHE_HOME/hilo` or `~/.cache/hilo`.
    public init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        warn: @escaping Warning
    ) {
        func folder(_ name: String) -> URL? {
            environment[name].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
        }
        let home = folder("HOME") ?? FileManager.default.homeDirectoryForCurrentUser
        let cache =
            folder("HILO_CACHE")
            ?? (folder("XDG_CACHE_HOME") ?? home.appending(path: ".cache")).appending(path: "hilo")
        self.init(file: cache.appending(path: "tuning.json"), warn: warn)
    }

    /// All records that this version knows; none when there is no file. A file that is no database is
    /// set aside; records of other versions stay in it.
    ///
    /// - Throws: `FileError` when it cannot be read.
    public func records() throws -> [TuningRecord] { try contents().records }

    private func contents() throws -> TuningFile {
        guard FileManager.default.fileExists(atPath: file.path) else {
            return TuningFile([])
        }
        do {
            return try TuningFile(path: file.path)
        } catch let damage as TuningFile.Damage {
            try setAside(damage)
            return TuningFile([])
        }
    }

    /// Adds records. Of several programs that do it at once, each finds what the others wrote.
    ///
    /// - Throws: `FileError`.
    public func add(_ records: [TuningRecord], _ rule: MergeRule = .newer) throws {
        let folder = file.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError(
                path: folder.path, problem: "cannot be created: \(error.localizedDescription)")
        }
        try withFileLock(file.path + ".lock") {
            try contents().merged(with: records, rule).write(to: file.path)
        }
    }

    private func setAside(_ damage: TuningFile.Damage) throws {
        let seconds = Int(Date().timeIntervalSince1970)
        let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
        let place = "\(file.path).corrupt-\(seconds)-\(suffix)"
        do {
            try moveReplacing(file.path, to: place)
        } catch {
            // Another program was quicker.
            if error.reason == .missing { return }
            throw FileError(
                path: file.path, problem: "\(damage.reason), and it cannot be set aside")
        }
        warn("\(file.path): \(damage.reason); it was set aside as \(place)")
    }
}
