import Graphs

/// In specs an element type is nil where it is single precision, so that plans and records say nothing
/// of it there.
extension ElementType {
    var inSpec: ElementType? { self == .f32 ? nil : self }
}

/// What templates are filled with for the elements of an operand.
struct ElementTags: Sendable {
    /// The type in C, and its name among `element_type`.
    let c, constant: String
    /// Whether it is narrower than single precision.
    let isNarrow: Bool

    init(_ type: ElementType?) {
        let type = type ?? .f32
        c = type == .f32 ? "float" : type.rawValue
        constant = type.rawValue.uppercased()
        isNarrow = type != .f32
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
