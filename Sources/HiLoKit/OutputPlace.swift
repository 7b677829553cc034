import FileIO
import Foundation
import Planning

/// Where a library goes, and whether something there would be lost.
struct OutputPlace {
    /// As it was named, for messages.
    private let name: String
    /// Where links on the way lead: a link stays, and what it names is replaced.
    let path: String
    /// What will be written: nobody loses a plan that is the same in other words.
    private let plan: Plan
    /// Packed weights that the new library takes over.
    private let keptWeights: String?
    private let isForced: Bool

    /// What `generate` writes into a folder, each time all of it.
    static let generated = [
        "CMakeLists.txt", "cmake", "harness", "include", "src", "weights", LibraryFiles.planPath,
        LibraryFiles.listPath,
    ]

    /// Whether an older HiLo, which left no list of its files, wrote it into a folder.
    private static func isOurs(_ name: String) -> Bool {
        generated.contains(name) || LibraryFiles.isRemade(name)
    }

    /// - Parameters:
    ///   - keptWeights: the file of packed weights that the new library takes over.
    ///   - isForced: whether a library is replaced whatever became of its files.
    init(
        _ folder: URL, for plan: Plan, keeping keptWeights: String? = nil, isForced: Bool = false
    ) {
        name = folder.path
        path = Self.followingLinks(folder.path)
        self.plan = plan
        self.keptWeights = keptWeights.map(Self.followingLinks)
        self.isForced = isForced
    }

    /// Whether this is the folder that the program runs in, which must not lose its name: a shell
    /// would stay behind in a folder that is gone.
    var isWorkingFolder: Bool { path == Self.followingLinks(".") }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// - Throws: `LibraryError.cannotWrite` when something else than an unchanged library is there.
    func check() throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else {
            throw LibraryError.cannotWrite(
                "\(name): a file stands where the output folder should be; "
                    + "choose another --output")
        }
        let content = try attempt {
            try FileManager.default.contentsOfDirectory(atPath: path)
        }.filter { !StagingName.isOne($0, of: path) }
        guard !content.isEmpty else { return }
        guard content.contains(LibraryFiles.planPath) else { throw noLibrary(content) }
        if isForced {
            // A plan alone, in a folder of other things, is no library.
            guard content.contains("src") else { throw noLibrary(content) }
            return
        }
        guard let list = try attempt({ try FileList.read("\(path)/\(LibraryFiles.listPath)") })
        else {
            guard content.allSatisfy(Self.isOurs) else { throw noLibrary(content) }
            return
        }
        let changes = try attempt {
            try LibraryFiles.changes(in: path, since: list) { StagingName.isOne($0, of: path) }
        }.filter { !isKept($0.path) }
        if let first = changes.first { throw wouldLose(first, of: changes.count) }
    }

    private func noLibrary(_ content: [String]) -> LibraryError {
        let strangers = content.filter { !Self.isOurs($0) }.sorted()
        return .cannotWrite(
            "\(name): holds something else than a generated library"
                + (strangers.first.map { " (\($0))" } ?? "")
                + "; choose an empty or new folder")
    }

    private func wouldLose(_ first: LibraryFiles.Change, of count: Int) -> LibraryError {
        let others = count > 1 ? ", one of \(count) files that were changed or added" : ""
        return .cannotWrite(
            "\(name): \(first.description) after the library was generated\(others); save what you "
                + "need and replace the folder by --force, or choose another --output")
    }

    /// Whether what was changed will be in the new library too.
    private func isKept(_ changed: String) -> Bool {
        if changed == LibraryFiles.planPath {
            return (try? Plan(json: Data(contentsOf: URL(fileURLWithPath: "\(path)/\(changed)"))))
                == plan
        }
        return keptWeights == Self.followingLinks("\(path)/\(changed)")
    }

    /// That a file of the library cannot be written.
    ///
    /// - Parameter path: in the library.
    func error(writing path: String, _ problem: String) -> LibraryError {
        .cannotWrite("\(name)/\(path): \(problem)")
    }

    /// Runs `body`, turning what the system says into an error that names the folder. What is one already
    /// stays as it is.
    func attempt<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as LibraryError {
            throw error
        } catch let error as FileError {
            let isInside = error.path.hasPrefix("\(path)/")
            let file = isInside ? "\(error.path.dropFirst(path.count + 1)) " : ""
            throw LibraryError.cannotWrite("\(name): cannot write: \(file)\(error.problem)")
        } catch {
            throw LibraryError.cannotWrite(
                "\(name): cannot write: \((error as NSError).localizedDescription)")
        }
    }

    /// The path without links in it; of a link to nothing, where it points.
    private static func followingLinks(_ path: String) -> String {
        var path = path
        // As many as the system follows.
        for _ in 0..<40 {
            if let real = realpath(path, nil) {
                defer { free(real) }
                return String(cString: real)
            }
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
                break
            }
            let parent = (path as NSString).deletingLastPathComponent
            path = next.hasPrefix("/") ? next : "\(parent)/\(next)"
        }
        return path
    }
}
