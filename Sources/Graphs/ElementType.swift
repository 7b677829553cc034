/// What the elements of a tensor are.
public enum ElementType: String, Sendable, Hashable, Codable {
    /// IEEE single precision.
    case f32
    /// The upper half of single precision: 8 bits of exponent, 7 of fraction.
    case bf16
    /// Of a matrix an integer from −128 to 127; of a map the same plus 128, so from 0 to 255.
    case int8

    /// Bytes of an element.
    public var bytes: Int {
        switch self {
        case .f32: 4
        case .bf16: 2
        case .int8: 1
        }
    }

    /// Elements of 32 bits, which is what one step of a matrix product multiplies of each row.
    public var perWord: Int { 4 / bytes }
}
