import FileIO
import Foundation

/// A folder that is written beside its place and moved there when it is complete.
///
/// The weights are flushed to the disk, as every file of `writeAtomically`; the hundred small files
/// beside them are not, because that would take seconds and `generate` makes them again.
struct OutputFolder {
    private let place: OutputPlace
    /// Holds the new folder, and the old one until it is removed.
    private let staging: String

    private var new: String { "\(staging)/new" }
    private var old: String { "\(staging)/old" }

    /// - Throws: `LibraryError.cannotWrite` when something there would be lost, or its parent
    ///   cannot be written.
    init(_ place: OutputPlace) throws {
        try place.check()
        self.place = place
        let path = place.path as NSString
        let parent = place.isWorkingFolder ? place.path : path.deletingLastPathComponent
        StagingName.removeAbandoned(for: place.path, in: parent)
        let staging = "\(parent)/\(StagingName.make(for: place.path))"
        self.staging = staging
        try place.attempt {
            try FileManager.default.createDirectory(
                atPath: "\(staging)/new", withIntermediateDirectories: true)
        }
    }

    /// Where `path` is written until `commit`; its folder exists.
    func staged(_ path: String) throws -> URL {
        let file = URL(fileURLWithPath: "\(new)/\(path)")
        try place.attempt {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        }
        return file
    }

    func write(_ path: String, _ data: Data) throws {
        let file = try staged(path)
        try place.attempt { try data.write(to: file) }
    }

    /// Adds the list by which a later `generate` knows its files.
    func writeList() throws {
        let list = try place.attempt { try LibraryFiles.list(of: new).json() }
        try write(LibraryFiles.listPath, list)
    }

    func commit() throws {
        // Weights take seconds to write: long enough for somebody to save an edit.
        try place.check()
        try place.attempt {
            if place.isWorkingFolder {
                try exchangeContents()
            } else if !place.exists {
                try moveReplacing(new, to: place.path)
            } else if try !exchange(new, with: place.path) {
                try moveInTwoSteps()
            }
        }
        discard()
    }

    func discard() { try? FileManager.default.removeItem(atPath: staging) }

    /// For file systems that cannot exchange names; between the steps there is no library.
    private func moveInTwoSteps() throws {
        try moveReplacing(place.path, to: old)
        do {
            try moveReplacing(new, to: place.path)
        } catch {
            try moveReplacing(old, to: place.path)
            throw error
        }
    }

    /// The folder stays, and what is in it is replaced.
    private func exchangeContents() throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: old, withIntermediateDirectories: false)
        var moved: [(from: String, to: String)] = []
        do {
            for (source, target) in [(place.path, old), (new, place.path)] {
                for name in try manager.contentsOfDirectory(atPath: source)
                where !StagingName.isOne(name, of: place.path) {
                    try moveReplacing("\(source)/\(name)", to: "\(target)/\(name)")
                    moved.append(("\(source)/\(name)", "\(target)/\(name)"))
                }
            }
        } catch {
            for (from, to) in moved.reversed() { try? moveReplacing(to, to: from) }
            throw error
        }
    }
}
