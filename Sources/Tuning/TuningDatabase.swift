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

    /// All records that this version knows; none when there is no file. A file that is no database
    /// is set aside; records of other versions stay in it, and a file of a later version stays as it
    /// is.
    ///
    /// - Throws: `FileError` when it cannot be read.
    public func records() throws -> [TuningRecord] {
        do {
            return try contents().records
        } catch let damage as TuningFile.Damage where damage.isNewer {
            warn(
                "\(file.path): \(damage.reason); a later HiLo wrote it: it is neither used nor changed"
            )
            return []
        } catch is TuningFile.Damage {
            // Another program may have written a sound file since, which only the lock excludes.
            return try withFileLock(lock) { try soundContents().records }
        }
    }

    /// - Throws: `TuningFile.Damage`, `FileError`.
    private func contents() throws -> TuningFile {
        do {
            return try TuningFile(path: file.path)
        } catch let error as FileError where error.reason == .missing {
            return TuningFile([])
        }
    }

    /// The contents, after a damaged file was set aside; only under the lock.
    ///
    /// - Throws: `FileError`, also for a file of a later version.
    private func soundContents() throws -> TuningFile {
        do {
            return try contents()
        } catch let damage as TuningFile.Damage {
            guard !damage.isNewer else {
                throw FileError(
                    path: file.path,
                    problem: "\(damage.reason), and stays as it is; use the later HiLo that wrote "
                        + "it, or name another folder by HILO_CACHE")
            }
            try setAside(damage)
            return TuningFile([])
        }
    }

    private var lock: String { file.path + ".lock" }

    /// Adds records. Of several programs that do it at once, each finds what the others wrote.
    ///
    /// - Parameter rule: what was just measured replaces what is there, whatever a clock said then.
    /// - Throws: `FileError`, also when a later version of HiLo wrote the file, which then stays.
    public func add(_ records: [TuningRecord], _ rule: MergeRule = .replace) throws {
        let folder = file.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError(
                path: folder.path, problem: "cannot be created: \(error.localizedDescription)")
        }
        try withFileLock(lock) {
            try soundContents().merged(with: records, rule).write(to: file.path)
        }
    }

    /// Only under the lock.
    private func setAside(_ damage: TuningFile.Damage) throws {
        let seconds = Int(Date().timeIntervalSince1970)
        let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
        let place = "\(file.path).corrupt-\(seconds)-\(suffix)"
        do {
            try moveReplacing(file.path, to: place)
        } catch {
            // An older HiLo, which took no lock for it, was quicker.
            if error.reason == .missing { return }
            throw FileError(
                path: file.path, problem: "\(damage.reason), and it cannot be set aside")
        }
        warn("\(file.path): \(damage.reason); it was set aside as \(place)")
    }
}
