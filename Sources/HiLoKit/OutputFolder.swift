import Checkpoints
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

    private var new: String { Self.new(in: staging) }
    private var old: String { Self.old(in: staging) }

    static func new(in staging: String) -> String { "\(staging)/new" }
    static func old(in staging: String) -> String { "\(staging)/old" }

    /// - Throws: `LibraryError.cannotWrite` when something there would be lost, or its parent
    ///   cannot be written.
    init(_ place: OutputPlace) throws {
        // Half a library is one again after this.
        try place.attempt { try AbandonedStaging.clear(for: place.path) }
        try place.check()
        self.place = place
        let path = place.path as NSString
        let parent = place.isWorkingFolder ? place.path : path.deletingLastPathComponent
        staging = "\(parent)/\(StagingName.make(for: place.path))"
        do {
            try makeStaging()
        } catch {
            discard()
            throw error
        }
    }

    private func makeStaging() throws {
        let manager = FileManager.default
        try place.attempt {
            try manager.createDirectory(atPath: staging, withIntermediateDirectories: true)
            try manager.createDirectory(atPath: new, withIntermediateDirectories: false)
        }
    }

    /// Where `path` is written until `commit`; its folder exists.
    private func staged(_ path: String) throws -> URL {
        let file = URL(fileURLWithPath: "\(new)/\(path)")
        try place.attempt {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        }
        return file
    }

    func write(_ path: String, _ data: Data) throws {
        try write(path) { try writeFile(data, to: $0.path) }
    }

    /// Writes the file `path` by `body`, which is given where it waits. A failure is told of the
    /// place it has in the library: where it waited is gone by then.
    func write(_ path: String, by body: (URL) throws -> Void) throws {
        let file = try staged(path)
        do {
            try body(file)
        } catch let error as FileError where error.path == file.path {
            throw place.error(writing: path, error.problem)
        } catch let error as CheckpointError where error.path == file.path {
            throw place.error(writing: path, error.problem)
        }
    }

    /// Adds the list by which a later `generate` knows its files.
    func writeList() throws {
        let list = try place.attempt { try LibraryFiles.list(of: new).json() }
        try write(LibraryFiles.listPath, list)
    }

    func commit() throws {
        try place.attempt {
            // Weights take seconds to write: long enough for somebody to save an edit, so it is checked again.
            if place.isWorkingFolder {
                try AbandonedStaging.whileAlone(in: place.path) {
                    try AbandonedStaging.clearInside(place.path)
                    try place.check()
                    try exchangeContents()
                }
            } else {
                try place.check()
                try takeName()
            }
        }
        FileManager.default.removeTree(staging)
    }

    private func takeName() throws {
        if !place.exists {
            try moveReplacing(new, to: place.path)
        } else if try !exchange(new, with: place.path) {
            try moveInTwoSteps()
        }
    }

    /// Removes what was not committed. Where the old library could not be put back, it stays in
    /// there for the next `generate`, which tries again.
    func discard() {
        guard !FileManager.default.fileExists(atPath: old) else { return }
        FileManager.default.removeTree(staging)
    }

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

    /// The folder stays, and what is in it is replaced; `AbandonedStaging` knows the order.
    private func exchangeContents() throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: old, withIntermediateDirectories: false)
        var moved: [(from: String, to: String)] = []
        do {
            for (source, target) in [(place.path, old), (new, place.path)] {
                for name in try manager.contentsOfDirectory(atPath: source)
                where !StagingName.isOne(name, of: place.path) {
                    try move(name, from: source, to: target)
                    moved.append(("\(source)/\(name)", "\(target)/\(name)"))
                }
            }
        } catch {
            for (from, to) in moved.reversed() { try? moveReplacing(to, to: from) }
            // Succeeds when it is empty.
            rmdir(old)
            throw error
        }
    }

    /// Whichever way it goes, a failure is told of what is in the library.
    private func move(_ name: String, from source: String, to target: String) throws {
        do {
            try moveReplacing("\(source)/\(name)", to: "\(target)/\(name)")
        } catch {
            throw FileError(
                path: "\(place.path)/\(name)", problem: error.problem, reason: error.reason)
        }
    }
}
