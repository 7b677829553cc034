/// Names of the folders in which something is written beside its place, or in it, before it takes that
/// place. They tell which process of which machine writes there, so that what a killed one left can be
/// removed.
public enum StagingName {
    /// A new name for writing what will be at `path`.
    public static func make(for path: String) -> String { prefix(of: path) + WritingProcess.mark() }

    /// Whether `name` is one that `make` gives for `path`.
    public static func isOne(_ name: String, of path: String) -> Bool {
        writer(of: name, for: path) != nil
    }

    /// Paths of what processes of this machine that are no more wrote for `path` into `parent`.
    public static func abandoned(for path: String, in parent: String) -> [String] {
        names(in: parent).sorted().filter { writer(of: $0, for: path)?.isGone == true }
            .map { "\(parent)/\($0)" }
    }

    private static func prefix(of path: String) -> String {
        ".\(path.split(separator: "/").last ?? "").partial-"
    }

    private static func writer(of name: String, for path: String) -> WritingProcess? {
        let prefix = prefix(of: path)
        return name.hasPrefix(prefix) ? WritingProcess(mark: name.dropFirst(prefix.count)) : nil
    }
}
