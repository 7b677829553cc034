import Graphs

/// The token maps of one image that a kernel works on.
public struct Operands: Sendable, Equatable {
    public let inputs: [Operand]
    public let outputs: [Operand]
    /// The input that an output replaces, where nothing else reads that afterwards: a residual sum.
    public let replaced: [Int: Int]
    /// Bytes of its weights, without padding.
    public let weightBytes: Int

    public init(
        inputs: [Operand], outputs: [Operand], replaced: [Int: Int] = [:], weightBytes: Int = 0
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.replaced = replaced
        self.weightBytes = weightBytes
    }
}

/// The elements of a token map that a kernel touches: `rows` tokens of `width` elements, `stride`
/// apart; of a map in planes, `rows` planes of `width` tokens.
public struct Operand: Sendable, Equatable {
    public let type: ElementType
    public let rows: Int
    public let width: Int
    /// Elements from one token to the next.
    public let stride: Int
    /// Whether the planner may choose the stride.
    public let takesAnyStride: Bool

    /// - Parameters:
    ///   - stride: nil is dense, and cannot be chosen.
    ///   - type: nil is single precision, as in specs.
    public init(rows: Int, width: Int, stride: Int? = nil, type: ElementType? = nil) {
        self.rows = rows
        self.width = width
        self.stride = stride ?? width
        self.type = type ?? .f32
        takesAnyStride = stride != nil
    }

    /// Bytes that are read or written.
    public var bytes: Int { type.bytes * rows * width }
    /// Bytes from the first token to the end of the last one's stride.
    public var span: Int { type.bytes * rows * stride }
}

/// Bytes that a kernel cannot do without, when every value moves once.
public struct Traffic: Sendable, Equatable {
    /// Tokens of one image that are read.
    public let input: Int
    /// Tokens of one image that are written.
    public let output: Int
    /// Of one call, however many images it has; without padding.
    public let weights: Int

    public init(input: Int, output: Int, weights: Int) {
        self.input = input
        self.output = output
        self.weights = weights
    }

    public init(_ operands: Operands) {
        self.init(
            input: operands.inputs.reduce(0) { $0 + $1.bytes },
            output: operands.outputs.reduce(0) { $0 + $1.bytes }, weights: operands.weightBytes)
    }

    /// Of one call with `batch` images.
    public func total(batch: Int) -> Int { (input + output) * batch + weights }
}
