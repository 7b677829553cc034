import FileIO
import Foundation

/// Names of the folders in which libraries are written before they take their place. They tell
/// which process of which machine writes there, so that what a killed one left can be removed.
enum StagingName {
    /// A new name for writing what will be at `path`.
    static func make(for path: String) -> String { prefix(of: path) + WritingProcess.mark() }

    /// Whether `name` is one that `make` gives for `path`.
    static func isOne(_ name: String, of path: String) -> Bool {
        writer(of: name, for: path) != nil
    }

    /// Paths of what processes of this machine that are no more wrote for `path` into `parent`.
    static func abandoned(for path: String, in parent: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.sorted().filter { writer(of: $0, for: path)?.isGone == true }
            .map { "\(parent)/\($0)" }
    }

    private static func prefix(of path: String) -> String {
        ".\((path as NSString).lastPathComponent).partial-"
    }

    private static func writer(of name: String, for path: String) -> WritingProcess? {
        let prefix = prefix(of: path)
        return name.hasPrefix(prefix) ? WritingProcess(mark: name.dropFirst(prefix.count)) : nil
    }
}
