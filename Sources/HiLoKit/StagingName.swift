import FileIO
import Foundation

/// Names of the folders in which libraries are written before they take their place. They tell
/// which process of which machine writes there, so that what a killed one left can be removed.
enum StagingName {
    /// A new name for writing what will be at `path`.
    static func make(for path: String) -> String {
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        return "\(prefix(of: path))\(ProcessInfo.processInfo.processIdentifier)-\(host)-\(suffix)"
    }

    /// Whether `name` is one that `make` gives for `path`.
    static func isOne(_ name: String, of path: String) -> Bool {
        process(of: name, for: path) != nil
    }

    /// Removes what processes of this machine that are no more wrote for `path` into `parent`.
    static func removeAbandoned(for path: String, in parent: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names {
            guard let writer = process(of: name, for: path), writer.host == host,
                kill(writer.number, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
        }
    }

    private static func prefix(of path: String) -> String {
        ".\((path as NSString).lastPathComponent).partial-"
    }

    private static func process(
        of name: String, for path: String
    ) -> (number: pid_t, host: String)? {
        guard name.hasPrefix(prefix(of: path)) else { return nil }
        let parts = name.dropFirst(prefix(of: path).count).split(separator: "-")
        guard parts.count == 3, let number = pid_t(parts[0]), number > 0 else { return nil }
        return (number, String(parts[1]))
    }

    /// Several machines may write into one folder, and a number names a process of each.
    private static let host = Array(ProcessInfo.processInfo.hostName.utf8)
        .withUnsafeBytes { FileDigest($0) }.rawValue
}
