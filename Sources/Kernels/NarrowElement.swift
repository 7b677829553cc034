import Graphs

/// In specs an element type is nil where it is single precision, so that plans and records say nothing
/// of it there.
extension ElementType {
    var inSpec: ElementType? { self == .f32 ? nil : self }
}

/// What templates are filled with for the elements of an operand.
struct ElementTags: Sendable {
    /// The type in C, its name among `element_type`, and in words.
    let c, constant, name: String
    /// Whether it is narrower than single precision.
    let isNarrow: Bool
    /// Whether it is one of integers, which have scales.
    let isInteger: Bool

    init(_ type: ElementType?) {
        let type = type ?? .f32
        c =
            switch type {
            case .f32: "float"
            case .bf16: "bf16"
            case .int8: "uint8_t"
            }
        name = type == .int8 ? "integers of 8 bits" : type.rawValue
        constant = type.rawValue.uppercased()
        isNarrow = type != .f32
        isInteger = type == .int8
    }
}

/// The field of a shape that says so; none for single precision, which is what is left out in C.
func elementFields(_ name: String, _ type: ElementType?) -> [ShapeField] {
    type.map { [ShapeField(name, constant: ElementTags($0).constant)] } ?? []
}

/// What the type of an operand adds to a kernel's name.
func elementSuffix(_ operand: String, _ type: ElementType?) -> String {
    type.map { "_\(operand)_\($0.rawValue)" } ?? ""
}

/// What the types of a product add to a kernel's name: `_of_bf16`, or `_by_bf16` where the matrix alone
/// is narrow.
func productSuffix(_ element: ElementType?, by matrix: ElementType?) -> String {
    element == nil ? elementSuffix("by", matrix) : elementSuffix("of", element)
}

/// The fields of a shape that say so.
func productFields(_ element: ElementType?, by matrix: ElementType?) -> [ShapeField] {
    elementFields("element", element) + elementFields("matrix", matrix)
}
