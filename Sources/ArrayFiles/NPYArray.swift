/// An array of numbers in a NumPy file (.npy).
public struct NPYArray: Equatable, Sendable {
    /// The first bytes of every NumPy file.
    public static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// How the file stores an element. All are little-endian; in memory they are `Float`.
    public enum ElementType: String, Sendable {
        case float32 = "<f4"
        /// Rounded to `Float` on reading.
        case float64 = "<f8"
        case uint8 = "|u1"

        /// Bytes of an element.
        var size: Int {
            switch self {
            case .float32: 4
            case .float64: 8
            case .uint8: 1
            }
        }
    }

    /// Extents, the slowest first; empty for a single number.
    public let shape: [Int]
    /// The elements in row-major (C) order; as many as the product of the shape.
    public let values: [Float]
    /// The type in the file that was read or is to be written.
    public let elementType: ElementType

    /// - Precondition: no extent is negative, `values` has as many elements as the shape says, and
    ///   for `uint8` all are whole numbers in 0...255.
    public init(shape: [Int], values: [Float], elementType: ElementType = .float32) {
        precondition(shape.count <= PythonDictionaryParser.maximumRank, "shape \(shape)")
        precondition(shape.allSatisfy { $0 >= 0 }, "shape \(shape)")
        precondition(
            values.count == shape.reduce(1, *), "\(values.count) values of shape \(shape)")
        precondition(
            elementType != .uint8 || values.allSatisfy { UInt8(exactly: $0) != nil },
            "values of a uint8 array must be whole numbers in 0...255")
        self.shape = shape
        self.values = values
        self.elementType = elementType
    }
}
