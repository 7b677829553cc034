#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file could not be read or written: which one, and why.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What callers tell apart, to give advice.
    public enum Reason: Sendable {
        /// There is no such file, or no such folder on the way to it.
        case missing
        case isFolder
        case isPipeOrDevice
        case other
    }

    public let path: String
    /// A clause about the file, such as "cannot be opened: Permission denied".
    public let problem: String
    public let reason: Reason

    /// The problem without what failed, for a message that says that in words of its own:
    /// "Permission denied".
    public var cause: String {
        guard let colon = problem.firstRange(of: ": ") else { return problem }
        return String(problem[colon.upperBound...])
    }

    public init(path: String, problem: String, reason: Reason = .other) {
        self.path = path
        self.problem = problem
        self.reason = reason
    }

    /// The failure of a system call, with the text of `errno`.
    static func system(_ path: String, _ failure: String) -> FileError {
        let code = errno
        return FileError(
            path: path, problem: "\(failure): \(String(cString: strerror(code)))",
            reason: code == ENOENT || code == ENOTDIR ? .missing : .other)
    }

    public var description: String { "\(path): \(problem)" }
}
