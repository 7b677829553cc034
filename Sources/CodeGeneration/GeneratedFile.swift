/// A file of a generated library: where it lies in the library's folder, and what it holds.
public struct GeneratedFile: Sendable, Equatable {
    /// Relative, with `/` between folders.
    public let path: String
    public let contents: String

    public init(path: String, contents: String) {
        self.path = path
        self.contents = contents
    }
}
