/// What the elements of a tensor are.
public enum ElementType: String, Sendable, Hashable {
    /// IEEE single precision.
    case f32

    /// Bytes of an element.
    public var bytes: Int {
        switch self {
        case .f32: 4
        }
    }
}
