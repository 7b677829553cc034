#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The process that writes something under a name of its own until it is complete. The name says
/// which process of which machine that is, so that what a killed one left can be told from what is
/// still being written.
public struct WritingProcess: Sendable, Equatable {
    private let number: pid_t
    private let host: String

    /// What stands for this process in a name; another text each time.
    public static func mark() -> String {
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        return "\(getpid())-\(thisHost)-\(suffix)"
    }

    /// - Returns: nil when `text` is no mark.
    public init?(mark text: Substring) {
        let parts = text.split(separator: "-")
        guard parts.count == 3, let number = pid_t(parts[0]), number > 0 else { return nil }
        self.number = number
        host = String(parts[1])
    }

    /// Whether it was a process of this machine and is no more.
    public var isGone: Bool {
        host == Self.thisHost && kill(number, 0) != 0 && errno == ESRCH
    }

    /// Several machines may write into one folder, and a number names a process of each.
    private static let thisHost: String = {
        var name = [CChar](repeating: 0, count: 256)
        _ = gethostname(&name, name.count - 1)
        // Containers may share a host's name, and count their processes apart.
        var namespace = [CChar](repeating: 0, count: 256)
        _ = readlink("/proc/self/ns/pid", &namespace, namespace.count - 1)
        let words = name.prefix { $0 != 0 } + [0] + namespace.prefix { $0 != 0 }
        return Array(words).withUnsafeBytes { FileDigest($0) }.rawValue
    }()
}
