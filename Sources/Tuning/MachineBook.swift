import FileIO
import Foundation
import Machines
import Toolchain

/// Measurements of the machines that share a cache folder: each is made once.
public struct MachineBook: Sendable {
    private let file: URL
    private let warn: TuningDatabase.Warning

    /// `machines.json` beside the tuning records.
    ///
    /// - Parameter warn: told why something is not kept.
    public init(
        beside database: TuningDatabase, warn: @escaping TuningDatabase.Warning = { _ in }
    ) {
        file = database.file.deletingLastPathComponent().appending(path: "machines.json")
        self.warn = warn
    }

    /// What was measured on this machine for `isa`; nil when nothing was, or it cannot be read.
    public func measurement(_ isa: ISA, cpu: HostCPU = .current()) -> MachineMeasurement? {
        (try? contents())?[Self.key(isa, cpu)]
    }

    /// Keeps a measurement, and what other programs keep at the same time. A cache that cannot be
    /// read or written, or that a later version wrote, is no reason to stop: it stays as it is.
    public func keep(_ found: MachineMeasurement, _ isa: ISA, cpu: HostCPU = .current()) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        do {
            try withFileLock(file.path + ".lock") {
                var all = try soundContents()
                all[Self.key(isa, cpu)] = found
                let contents = Contents(version: Self.formatVersion, machines: all)
                try writeAtomically(encoder.encode(contents), to: file.path)
            }
        } catch {
            warn("\(error); what was measured on this machine is not kept")
        }
    }

    /// Of the file, as that of tuning records: a version that finds a higher number leaves it alone.
    static let formatVersion = 1

    private struct Version: Decodable { let version: Int }

    private struct Contents: Codable {
        let version: Int
        let machines: [String: MachineMeasurement]
    }

    /// - Throws: `DecodingError` for a damaged file; `FileError` for one that cannot be read, or that
    ///   a later version wrote.
    private func contents() throws -> [String: MachineMeasurement] {
        do {
            let input = try InputFile(path: file.path)
            return try decoded(Data(try input.read(input.size)))
        } catch let error as FileError where error.reason == .missing {
            return [:]
        }
    }

    private func decoded(_ data: Data) throws -> [String: MachineMeasurement] {
        let decoder = JSONDecoder()
        // The version alone: what else a later one writes is not known.
        guard let version = try? decoder.decode(Version.self, from: data).version else {
            // The first files had none.
            return try decoder.decode([String: MachineMeasurement].self, from: data)
        }
        guard version <= Self.formatVersion else {
            throw FileError(
                path: file.path,
                problem: "holds measurements in format \(version), not \(Self.formatVersion); a "
                    + "later HiLo wrote it: it is neither used nor changed")
        }
        return try decoder.decode(Contents.self, from: data).machines
    }

    /// The contents, after a damaged file was set aside; only under the lock.
    ///
    /// - Throws: `FileError`.
    private func soundContents() throws -> [String: MachineMeasurement] {
        do {
            return try contents()
        } catch is DecodingError {
            let seconds = Int(Date().timeIntervalSince1970)
            let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
            let place = "\(file.path).corrupt-\(seconds)-\(suffix)"
            try moveReplacing(file.path, to: place)
            warn("\(file.path): holds no measurements; it was set aside as \(place)")
            return [:]
        }
    }

    private static func key(_ isa: ISA, _ cpu: HostCPU) -> String {
        "\(Machine.processor(cpu)), \(cpu.cores) cores, \(isa)"
    }
}
