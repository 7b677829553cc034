import ArgumentParser
import FileIO
import Tuning

/// The flags of `tune` that carry records from one file to another.
struct RecordOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Writes all records to a file.", valueName: "file"))
    var export: String?

    @Option(
        name: .customLong("import"),
        help: ArgumentHelp("Adds the records of a file, which replace others.", valueName: "file"))
    var replacing: String?

    @Option(
        help: ArgumentHelp("Adds the records of a file; the later ones win.", valueName: "file"))
    var merge: String?

    var isGiven: Bool { export != nil || replacing != nil || merge != nil }

    /// Files are read before any is written.
    func perform(on database: TuningDatabase) throws {
        if let replacing { try add(replacing, .replace, to: database) }
        if let merge { try add(merge, .newer, to: database) }
        if let export {
            let records = try database.records()
            do {
                try TuningFile(records).write(to: export)
            } catch let error as FileError {
                throw OutputError("\(error)")
            }
            try Console.print("\(export): \(records.count) records")
        }
    }

    private func add(_ path: String, _ rule: MergeRule, to database: TuningDatabase) throws {
        let records = try TuningFile(path: path).records
        do {
            try database.add(records, rule)
        } catch let error as FileError {
            throw OutputError("\(error)")
        }
        try Console.print("\(database.file.path): \(records.count) records added")
    }
}
