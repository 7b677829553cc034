import Foundation

/// A folder of pictures or label maps, and the names in it.
struct PictureFolder: Sendable {
    let url: URL

    private static let pictureEndings = ["jpg", "jpeg", "png", "JPG", "JPEG", "PNG"]
    /// `run` writes a picture of each label map beside it, so that arrays come first.
    private static let mapEndings = ["npy", "png"]

    init(_ path: String) {
        url = URL(fileURLWithPath: path)
    }

    /// Files that are pictures by their endings, sorted.
    ///
    /// - Throws: `InputError` when the folder cannot be read.
    func pictures() throws -> [URL] {
        try entries().filter { Self.pictureEndings.contains($0.pathExtension) }
    }

    /// The pictures of this folder and of all folders in it, those of a folder before those of the
    /// folders in it.
    ///
    /// - Throws: `InputError` when a folder cannot be read.
    func picturesBelow() throws -> [URL] {
        var seen: Set<String> = []
        return try pictures(beyond: &seen)
    }

    /// - Parameter seen: folders to leave out, because a link may lead back.
    private func pictures(beyond seen: inout Set<String>) throws -> [URL] {
        guard seen.insert(url.resolvingSymlinksInPath().path).inserted else { return [] }
        var all = try pictures()
        for folder in try folders() {
            all += try PictureFolder(folder.path).pictures(beyond: &seen)
        }
        return all
    }

    /// Names of label maps without their endings, sorted.
    func labelMapNames() throws -> [String] {
        let files = try entries().filter { Self.mapEndings.contains($0.pathExtension) }
        return Set(files.map { $0.deletingPathExtension().lastPathComponent }).sorted()
    }

    /// Folders in this one and links to folders, sorted by name.
    func folders() throws -> [URL] {
        try entries().filter { entry in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: entry.path, isDirectory: &isFolder)
            return exists && isFolder.boolValue
        }
    }

    private func entries() throws -> [URL] {
        do {
            return try FileManager.default
                .contentsOfDirectory(
                    // A link that leads to a folder has nothing in it itself.
                    at: url.resolvingSymlinksInPath(),
                    includingPropertiesForKeys: [.isDirectoryKey],
                    options: .skipsHiddenFiles
                )
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        } catch {
            throw InputError(
                "\(url.path): the folder cannot be read: "
                    + (error as NSError).localizedDescription)
        }
    }

    /// The picture of that name.
    ///
    /// - Throws: `InputError` when there is none.
    func picture(named name: String) throws -> String {
        try first(Self.pictureEndings.map { "\(name).\($0)" }, "picture \(name).jpg or .png")
    }

    /// The label map of that name, or the one that `run` wrote into a folder of that name.
    func labelMap(named name: String) throws -> String {
        try first(
            Self.mapEndings.map { "\(name).\($0)" } + ["\(name)/labels.npy"],
            "label map \(name).npy, \(name).png or \(name)/labels.npy")
    }

    private func first(_ names: [String], _ what: String) throws -> String {
        let paths = names.map { url.appending(path: $0).path }
        guard let path = paths.first(where: FileManager.default.fileExists) else {
            throw InputError("\(url.path): has no \(what)")
        }
        return path
    }
}
