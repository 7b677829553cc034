import CodeGeneration
import FileIO
import Foundation
import Planning

/// What became of a library's files since they were written.
extension GeneratedLibrary {
    /// - Throws: `LibraryError.cannotWrite` when writing the folder anew would lose files that
    ///   somebody added or changed; weights count as kept.
    public func checkReplaceable() throws {
        try OutputPlace(folder, for: plan, keeping: weightsFile.path).check()
    }

    /// Whether `plan.json` is no more the one of which the sources were generated; false where that
    /// is not known.
    public var isPlanChanged: Bool {
        guard let list = try? FileList.read("\(folder.path)/\(LibraryFiles.listPath)"),
            list.files[LibraryFiles.planPath] != nil
        else { return false }
        return (try? list.holds(LibraryFiles.planPath, in: folder.path)) == false
    }

    /// A source or header that is not what it was when `build` read it; nil when all are, or when
    /// that is not known.
    public var sourceChangedSinceBuild: String? {
        guard let list = try? FileList.read(sourceList) else { return nil }
        return list.files.keys.sorted().first {
            (try? list.holds($0, in: folder.path)) != true
        }
    }

    /// Where a build says what it was made of.
    private var sourceList: String { buildFolder.appending(path: "sources.json").path }

    /// The files of `paths` that are there, as they are now.
    func currentSources(_ paths: [String]) throws -> FileList {
        let present = paths.filter {
            FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
        }
        return try FileList(present, in: folder.path)
    }

    /// Who runs the threads of the library that was built last; nil when none was.
    public var builtTeam: Team? {
        (try? String(contentsOfFile: teamFile, encoding: .utf8)).flatMap {
            Team(rawValue: $0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    private var teamFile: String { buildFolder.appending(path: "team.txt").path }

    /// Says of what the build folder's files were made.
    ///
    /// - Throws: `LibraryError.cannotWrite`.
    func record(_ sources: FileList, _ team: Team) throws {
        do {
            try writeAtomically(sources.json(), to: sourceList)
            try writeAtomically(Data("\(team.rawValue)\n".utf8), to: teamFile)
        } catch let error as FileError {
            throw LibraryError.cannotWrite("\(error)")
        }
    }
}
