import Graphs

/// The C of a kernel: a template, what it is filled with, and what the harness must know.
public struct KernelSource: Sendable {
    public let template: String
    /// What, before the double underscore of the function's name: `gemm_196x384x1536_gelu`.
    public let operation: String
    /// How, behind it: `14x2_slab5`. Empty when there is nothing to choose.
    public let variant: String
    /// Headers of inner loops that several kernels share.
    public let headers: [String]
    /// The shape's fields, for the harness.
    public let fields: [ShapeField]
    /// The maps whose sizes come with each call; empty where all sizes are fixed.
    public let rules: [MapRule]
    /// What the template is filled with, as a function of the C function's name.
    public let context: @Sendable (_ name: String) -> any Sendable

    public init(
        template: String, operation: String, variant: String = "", headers: [String] = [],
        fields: [ShapeField], rules: [MapRule] = [],
        context: @escaping @Sendable (_ name: String) -> any Sendable
    ) {
        self.template = template
        self.operation = operation
        self.variant = variant
        self.headers = headers
        self.fields = fields
        self.rules = rules
        self.context = context
    }
}

/// A constant that a kernel was generated with.
public struct ShapeField: Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: Int) {
        self.name = name
        self.value = String(value)
    }

    public init(_ name: String, list values: [some CustomStringConvertible]) {
        let text = values.map(\.description).joined(separator: ", ")
        self.init(name, constant: "{ \(text) }")
    }

    public init(_ name: String, constant: String) {
        self.name = name
        value = constant
    }
}

/// A kernel in words, for tables of people.
public struct KernelWords: Sendable, Equatable {
    public let shape: String
    /// What the planner chose; empty where there is no choice.
    public let tile, split: String
    /// What it computes besides the operator it is called after.
    public let fused: [String]

    public init(_ shape: String, tile: String = "", split: String = "", fused: [String] = []) {
        self.shape = shape
        self.tile = tile
        self.split = split
        self.fused = fused
    }
}
