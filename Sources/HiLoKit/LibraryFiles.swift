import Foundation

/// The files of a library's folder: which of them `generate` wrote is in `files.json`.
package enum LibraryFiles {
    package static let listPath = "files.json"
    static let planPath = "plan.json"

    /// Whether a name in the folder is of something that is made anew at any time: by a build, also
    /// a killed one, by a report, or the list itself.
    static func isRemade(_ name: String) -> Bool {
        ["build", "report.html", listPath].contains(name) || name.hasPrefix(".build.partial-")
    }

    /// Something in a folder that `generate` did not write so.
    package struct Change {
        let path: String
        /// It was not there; else it was edited.
        let isAddition: Bool

        package var description: String { "\(path) was \(isAddition ? "added" : "changed")" }
    }

    /// The list of a library that has just been written.
    package static func list(of folder: String) throws -> FileList {
        try FileList(paths(below: folder) { isRemade($0) }, in: folder)
    }

    /// What is in a folder beyond or unlike its list, by path. Files that are missing are no loss.
    ///
    /// - Parameter isOther: names in the folder that are none of its files.
    package static func changes(
        in folder: String, since list: FileList, except isOther: (String) -> Bool
    ) throws -> [Change] {
        try paths(below: folder) { isRemade($0) || isOther($0) }
            .compactMap { path in
                guard list.files[path] != nil else { return Change(path: path, isAddition: true) }
                return try list.holds(path, in: folder)
                    ? nil : Change(path: path, isAddition: false)
            }
    }

    /// Paths of everything below a folder that is no folder itself, sorted; links are not followed.
    ///
    /// - Parameter isSkipped: names in the folder itself to leave out.
    private static func paths(
        below folder: String, under prefix: String = "", except isSkipped: (String) -> Bool
    ) throws -> [String] {
        let manager = FileManager.default
        let names = try manager.contentsOfDirectory(atPath: "\(folder)/\(prefix)")
        return try names.sorted().filter { !isSkipped($0) }.flatMap { name in
            let path = prefix + name
            let type = try manager.attributesOfItem(atPath: "\(folder)/\(path)")[.type]
            guard type as? FileAttributeType == .typeDirectory else { return [path] }
            return try paths(below: folder, under: path + "/") { _ in false }
        }
    }
}
