import FileIO
import Foundation

/// Records in a file, and what else is in it: records of other versions, with kernels or instruction sets
/// that this one does not know, are kept as they are.
public struct TuningFile: Sendable, Equatable {
    public let records: [TuningRecord]
    /// Records that this version does not understand, as JSON.
    let others: [JSONValue]

    /// More than any machine's tuning fills.
    static let largest = 32 << 20
    /// Of the file, not of what is in it: a version that finds a higher number leaves it alone.
    public static let formatVersion = 1

    public init(_ records: [TuningRecord]) { self.init(records, others: []) }

    private init(_ records: [TuningRecord], others: [JSONValue]) {
        self.records = records
        self.others = others
    }

    /// Why a file holds no records.
    public struct Damage: Error, CustomStringConvertible {
        public let path: String
        public let reason: String
        /// It is not damaged, but of a later version of HiLo.
        var isNewer = false
        public var description: String { "\(path): \(reason)" }
    }

    private struct Version: Decodable { let version: Int }

    private struct Contents: Codable {
        let version: Int
        let records: [Entry]
    }

    /// - Throws: `Damage`, or `FileError` when the file cannot be read at all.
    public init(path: String) throws {
        let file = try InputFile(path: path)
        guard file.size <= Self.largest else {
            throw Damage(path: path, reason: "is too large for tuning records")
        }
        let data = Data(try file.read(file.size))
        // The version alone: what else a later one writes is not known.
        if let version = try? JSONDecoder().decode(Version.self, from: data).version,
            version != Self.formatVersion
        {
            throw Damage(
                path: path, reason: "holds records in format \(version), not \(Self.formatVersion)",
                isNewer: version > Self.formatVersion)
        }
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data) else {
            throw Damage(path: path, reason: "holds no tuning records, or damaged ones")
        }
        var records: [TuningRecord] = []
        var others: [JSONValue] = []
        for entry in contents.records {
            switch entry {
            case .record(let record): records.append(record)
            case .other(let value): others.append(value)
            }
        }
        self.init(records, others: others)
    }

    /// With other records; what this version does not understand stays.
    func merged(with added: [TuningRecord], _ rule: MergeRule) -> TuningFile {
        TuningFile(records.merged(with: added, rule), others: others)
    }

    /// Writes the whole file or nothing.
    ///
    /// - Throws: `FileError`.
    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let entries = records.map { Entry.record($0) } + others.map { Entry.other($0) }
        let text = try encoder.encode(Contents(version: Self.formatVersion, records: entries))
        guard text.count <= Self.largest else {
            throw FileError(
                path: path,
                problem:
                    "would have \(text.count) bytes, more than \(Self.largest) that are read again; "
                    + "export what is needed and delete it")
        }
        try writeAtomically(text, to: path)
    }
}

extension TuningFile {
    private enum Entry: Codable {
        /// Apart, because most of a file that holds something else is not one.
        indirect case record(TuningRecord)
        /// What is no record of this version.
        case other(JSONValue)

        init(from decoder: any Decoder) throws {
            if let record = try? TuningRecord(from: decoder),
                record.machine.generator == Machine.generatorVersion
            {
                self = .record(record)
            } else {
                self = .other(try JSONValue(from: decoder))
            }
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .record(let record): try record.encode(to: encoder)
            case .other(let value): try value.encode(to: encoder)
            }
        }
    }
}
