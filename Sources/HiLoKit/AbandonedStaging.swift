import FileIO
import Foundation

/// What killed processes left of libraries that they were about to replace.
enum AbandonedStaging {
    /// Puts back what they had taken from the library at `path`, and removes what they left. Of
    /// several callers at once, one does that, and all return when it is done.
    ///
    /// - Throws: when something cannot be put back; it stays where it is then.
    static func clear(for path: String) throws {
        // Who ran in the library's folder worked in it, others beside it.
        if !StagingName.abandoned(for: path, in: path).isEmpty {
            try whileAlone(in: path) { try clearInside(path) }
        }
        let parent = (path as NSString).deletingLastPathComponent
        for staging in StagingName.abandoned(for: path, in: parent) {
            do {
                try whileAlone(in: staging) {
                    try recover(staging) { try putBack(path, from: staging) }
                }
            } catch let error as FileError where error.path == staging && error.reason == .missing {
                // Somebody else was quicker.
            }
        }
    }

    /// What is to be done in `path` before its contents are exchanged; only by `whileAlone` there.
    static func clearInside(_ path: String) throws {
        for staging in StagingName.abandoned(for: path, in: path) {
            try recover(staging) { try putBackContents(of: path, from: staging) }
        }
    }

    /// Runs `body` while no other `generate` moves what is in the folder. What there is to move is looked
    /// at in `body`: who waited may find nothing.
    ///
    /// - Throws: `FileError` when there is no folder; what `body` throws.
    static func whileAlone(in folder: String, _ body: () throws -> Void) throws {
        var isAlone = false
        do {
            try withFolderLock(folder) {
                isAlone = true
                try body()
            }
        } catch let error as FileError where !isAlone && error.reason != .missing {
            // Not every file system has locks for folders.
            try body()
        }
    }

    /// Runs `putBack` and removes what is left.
    private static func recover(_ staging: String, _ putBack: () throws -> Void) throws {
        try putBack()
        FileManager.default.removeTree(staging)
    }

    /// Undoes `OutputFolder.moveInTwoSteps` after its first step.
    private static func putBack(_ path: String, from staging: String) throws {
        let old = OutputFolder.old(in: staging)
        if exists(old), !exists(path) { try moveReplacing(old, to: path) }
    }

    /// Undoes `OutputFolder.exchangeContents` wherever it was, and itself: all that was there went
    /// out before anything new came in, and comes in after all that is new went out.
    private static func putBackContents(of path: String, from staging: String) throws {
        let (old, new) = (OutputFolder.old(in: staging), OutputFolder.new(in: staging))
        let (before, arriving) = (try names(in: old), try names(in: new))
        // With nothing left to arrive, the new library is complete.
        guard !before.isEmpty, !arriving.isEmpty else { return }
        for name in OutputPlace.generated where !arriving.contains(name) {
            // Every library has all of them: what is not waiting any more has arrived.
            let arrived = "\(path)/\(name)"
            if exists(arrived) { try moveReplacing(arrived, to: "\(new)/\(name)") }
        }
        for name in before { try putBack(name, from: old, to: path) }
    }

    private static func putBack(_ name: String, from old: String, to folder: String) throws {
        let place = "\(folder)/\(name)"
        guard !exists(place) else {
            throw FileError(
                path: place,
                problem: "is where \(old)/\(name) must be put back, which a killed process "
                    + "took away; move one of them to another folder")
        }
        try moveReplacing("\(old)/\(name)", to: place)
    }

    private static func names(in folder: String) throws -> [String] {
        guard exists(folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }
}
