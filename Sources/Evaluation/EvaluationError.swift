/// Input data that cannot be evaluated.
public struct EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A sentence's start without a full stop: what was found and what was expected.
    public let description: String

    public init(_ description: String) { self.description = description }
}
