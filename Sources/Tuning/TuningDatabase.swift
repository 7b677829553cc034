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

    /// All records; none when there is no file. A file that is no database is set aside.
    ///
    /// - Throws: `FileError` when it cannot be read.
    public func records() throws -> [TuningRecord] {
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        do {
            return try TuningFile.read(file.path)
        } catch let damage as TuningFile.Damage {
            try setAside(damage)
            return []
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
            let merged = try self.records().merged(with: records, rule)
            try TuningFile.write(merged, to: file.path)
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

/// The form of records in a file.
public enum TuningFile {
    private static let version = 1
    /// More than any machine's tuning fills.
    private static let largest = 256 << 20

    private struct Contents: Codable {
        let version: Int
        let records: [TuningRecord]
    }

    /// Why a file holds no records.
    public struct Damage: Error, CustomStringConvertible {
        public let path: String
        public let reason: String
        public var description: String { "\(path): \(reason)" }
    }

    /// - Throws: `Damage`, or `FileError` when the file cannot be read at all.
    public static func read(_ path: String) throws -> [TuningRecord] {
        let file = try InputFile(path: path)
        guard file.size <= largest else {
            throw Damage(path: path, reason: "is too large for tuning records")
        }
        let data = Data(try file.read(file.size))
        let contents: Contents
        do {
            contents = try JSONDecoder().decode(Contents.self, from: data)
        } catch {
            throw Damage(path: path, reason: "holds no tuning records, or damaged ones")
        }
        guard contents.version == version else {
            throw Damage(
                path: path,
                reason: "has version \(contents.version) of tuning records, expected \(version)")
        }
        return contents.records
    }

    /// Writes the whole file or nothing.
    ///
    /// - Throws: `FileError`.
    public static func write(_ records: [TuningRecord], to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try writeAtomically(
            encoder.encode(Contents(version: version, records: records)), to: path)
    }
}
