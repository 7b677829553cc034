#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file could not be read or written: which one, and why.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    public let path: String
    /// A clause about the file, such as "cannot be opened: Permission denied".
    public let problem: String

    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    /// The failure of a system call, with the text of `errno`.
    static func system(_ path: String, _ failure: String) -> FileError {
        FileError(path: path, problem: "\(failure): \(String(cString: strerror(errno)))")
    }

    public var description: String { "\(path): \(problem)" }
}
