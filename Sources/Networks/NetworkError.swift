/// Why a description is not a network, and what to change.
public struct NetworkError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
