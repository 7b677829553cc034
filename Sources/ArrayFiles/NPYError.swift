/// A NumPy file that could not be read or written.
public struct NPYError: Error, Equatable, Sendable, CustomStringConvertible {
    public let path: String
    /// A clause about the file: what was found, what was expected and, where it helps, what to do.
    public let problem: String

    public var description: String { "\(path): \(problem)" }
}
