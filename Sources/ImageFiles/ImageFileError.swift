/// An image file that could not be read or written.
public struct ImageFileError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Sendable {
        /// Missing, not a regular file, or not readable.
        case unreadable
        /// Neither PNG nor JPEG by its first bytes.
        case unknownFormat
        /// Ends early, or its content breaks the format's rules or uses a part of it that is not
        /// supported.
        case damaged
        /// More bytes, or wider or higher, than `RGBImage` accepts.
        case tooLarge
        /// The folder is missing or may not be written, or the disk is full.
        case unwritable
    }

    public let path: String
    public let reason: Reason
    /// A clause about the file: what was found and what was expected.
    public let problem: String

    public var description: String { "\(path): \(problem)" }
}
