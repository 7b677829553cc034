import FileIO
import Foundation

/// What killed processes left of libraries that they were about to replace.
enum AbandonedStaging {
    /// Puts back what they had taken from the library at `path`, and removes what they left.
    ///
    /// - Throws: when something cannot be put back; nothing is removed then.
    static func clear(for path: String) throws {
        // Who ran in the library's folder worked in it, others beside it.
        let inside = StagingName.abandoned(for: path, in: path)
        let beside = StagingName.abandoned(
            for: path, in: (path as NSString).deletingLastPathComponent)
        for staging in inside { try putBackContents(of: path, from: staging) }
        for staging in beside { try putBack(path, from: staging) }
        for staging in inside + beside { FileManager.default.removeTree(staging) }
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
