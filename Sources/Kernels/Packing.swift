import Graphs

/// How values of a checkpoint are laid out, whatever the instruction set, the schedule or the
/// resolution: one file of weights serves all kernels. Templates/c/inner/packing.h says the same in C.
public enum Packing: Sendable, Hashable {
    /// The outputs of linear operators on one input, as columns in panels of `panelColumns`: for each
    /// word of their inputs a row of so many words; then the bias, filled up like the last panel.
    case panels([Linear])
    /// A 3×3 convolution at the points of Winograd's form, likewise, as if each of its channels had an
    /// input for each point, point by point.
    case winograd(Linear, WinogradForm)
    /// Rows of up to `width` values, each filled up to whole cache lines.
    case rows([PackedRow], width: Int)

    /// Two vectors of AVX-512, four of AVX2, eight of NEON.
    public static let panelColumns = 32
    /// Floats of a cache line.
    public static let rowUnit = 16

    /// Words of 32 bits, a multiple of a cache line.
    public var count: Int {
        switch self {
        case .panels(let linears): PanelLayout(linears).count
        case .winograd(let linear, let form): PanelLayout(linear, form).count
        case .rows(let rows, let width): rows.count * width.rounded(upTo: Self.rowUnit)
        }
    }

    /// Words from the beginning to the bias of a linear operator; nil when it is not in here.
    public func biasOffset(of linear: Linear) -> Int? {
        switch self {
        case .panels(let linears):
            guard linears.contains(linear) else { return nil }
            let column = linears.prefix { $0 != linear }.reduce(0) { $0 + $1.outputs }
            return PanelLayout(linears).bias + column
        case .winograd(let packed, let form):
            return packed == linear ? PanelLayout(packed, form).bias : nil
        case .rows: return nil
        }
    }
}

/// Where the values of linear operators lie in their panels.
public struct PanelLayout: Sendable {
    /// Inputs of the operators.
    public let k: Int
    /// What the values of the matrix are.
    public let element: ElementType
    private let columns: Int

    public init(_ linears: [Linear]) {
        k = linears[0].inputs
        element = linears[0].matrix
        columns = linears.reduce(0) { $0 + $1.outputs }.rounded(upTo: Packing.panelColumns)
    }

    /// Of a convolution at the points of a form: rows go point by point, and of each channel by
    /// channel.
    public init(_ linear: Linear, _ form: WinogradForm) {
        k = linear.inputs / 9 * form.points
        element = .f32
        columns = linear.outputs.rounded(upTo: Packing.panelColumns)
    }

    /// Rows of a panel: words of a column.
    private var steps: Int { k.dividedRoundingUp(by: element.perWord) }
    /// Where the bias begins.
    public var bias: Int { columns * steps }
    /// Where the step of each column's integers begins, which its sums are multiplied by; then what each sum
    /// begins with, as 32-bit integers: −128 times the integers, since maps hold theirs plus 128.
    public var step: Int { bias + columns }
    private var beginning: Int { step + columns }
    public var count: Int { bias + columns * (element == .int8 ? 3 : 1) }

    /// Where the words of a column begin; they are `Packing.panelColumns` apart.
    private func start(ofColumn column: Int) -> Int {
        let panel = Packing.panelColumns
        return column / panel * panel * steps + column % panel
    }

    /// Writes a column, each value rounded to an element, into a block that held zeros; an integer is that
    /// of the column's step.
    ///
    /// - Parameter value: of an input.
    public func put(column: Int, into block: inout [Float], _ value: (_ input: Int) -> Float) {
        let (start, panel) = (start(ofColumn: column), Packing.panelColumns)
        switch element {
        case .f32: for input in 0..<k { block[start + input * panel] = value(input) }
        case .bf16:
            for input in 0..<k {
                let word = start + input / 2 * panel
                let bits = UInt32(BF16(value(input)).bits) << (16 * UInt32(input % 2))
                block[word] = Float(bitPattern: block[word].bitPattern | bits)
            }
        case .int8:
            let integers = SteppedIntegers((0..<k).map(value))
            for (input, integer) in integers.values.enumerated() {
                let word = start + input / 4 * panel
                let bits = UInt32(UInt8(bitPattern: integer)) << (8 * UInt32(input % 4))
                block[word] = Float(bitPattern: block[word].bitPattern | bits)
            }
            block[step + column] = integers.step
            let sum = integers.values.reduce(0) { $0 + Int32($1) }
            block[beginning + column] = Float(bitPattern: UInt32(bitPattern: -128 * sum))
        }
    }

    /// The values of a column, input by input, as `put` wrote them.
    public func values(ofColumn column: Int, in block: [Float]) -> [Float] {
        let (start, panel) = (start(ofColumn: column), Packing.panelColumns)
        switch element {
        case .f32: return (0..<k).map { block[start + $0 * panel] }
        case .bf16:
            return (0..<k).map { input in
                let word = block[start + input / 2 * panel].bitPattern
                return BF16(bits: UInt16(truncatingIfNeeded: word >> (16 * UInt32(input % 2))))
                    .value
            }
        case .int8:
            return (0..<k).map { input in
                let word = block[start + input / 4 * panel].bitPattern
                let byte = UInt8(truncatingIfNeeded: word >> (8 * UInt32(input % 4)))
                return Float(Int8(bitPattern: byte)) * block[step + column]
            }
        }
    }
}

/// A row of values, `stride` apart in a parameter.
public struct PackedRow: Sendable, Hashable {
    /// nil where what `scaling` names is all that there is; `start` then is the first channel.
    public let parameter: String?
    public let start: Int
    public let stride: Int
    /// Words.
    public let count: Int
    public let scaling: RowScaling?
    /// How many values that are neighbours in the parameter a word holds as bf16, the first one in its lower half: two
    /// or one; nil where a word is a float.
    public let halves: Int?

    public init(
        _ parameter: String?, start: Int = 0, stride: Int = 1, count: Int,
        scaling: RowScaling? = nil, halves: Int? = nil
    ) {
        self.parameter = parameter
        self.start = start
        self.stride = stride
        self.count = count
        self.scaling = scaling
        self.halves = halves
    }

    /// Values of a word.
    public var valuesInWord: Int { halves ?? 1 }

    /// - Parameter values: `valuesInWord` of them.
    public func word(of values: [Float]) -> Float {
        guard halves != nil else { return values[0] }
        let bits = values.map { UInt32(BF16($0).bits) }
        return Float(bitPattern: bits[0] | (bits.count > 1 ? bits[1] << 16 : 0))
    }

    /// What `word` made a word of, each rounded.
    public func values(of word: Float) -> [Float] {
        guard let halves else { return [word] }
        return (0..<halves).map {
            BF16(bits: UInt16(truncatingIfNeeded: word.bitPattern >> (16 * UInt32($0)))).value
        }
    }
}

/// What the scales s and offsets o of a tensor of integers make of a row of values, channel by channel.
public enum RowScaling: Sendable, Hashable {
    /// x / s; 1 / s without a parameter.
    case divided(by: String)
    /// (x − o) / s; −o / s without a parameter.
    case moved(by: String)
    /// s and o themselves, which no kernel reads: what was folded can be taken out again. Where rows without a
    /// parameter say as much, these are left out.
    case scales(of: String)
    case offsets(of: String)
}

extension PackedRow {
    /// What makes integers of values: rows that they are multiplied by, then rows that are added, each of
    /// `count` channels; none without scales.
    static func quantising(by scales: String?, count: Int, rows: Int = 1) -> [PackedRow] {
        guard let scales else { return [] }
        return [RowScaling.divided(by: scales), .moved(by: scales)].flatMap { scaling in
            (0..<rows).map { PackedRow(nil, start: $0 * count, count: count, scaling: scaling) }
        }
    }
}

extension Packing {
    /// gamma, then beta.
    ///
    /// - Parameter scales: of what comes out, where that is integers.
    public static func norm(
        _ parameter: String, channels: Int, scales: String? = nil
    ) -> Packing {
        .rows(
            [
                PackedRow(
                    "\(parameter).weight", count: channels,
                    scaling: scales.map { .divided(by: $0) }),
                PackedRow(
                    "\(parameter).bias", count: channels, scaling: scales.map { .moved(by: $0) }),
            ], width: channels)
    }

    /// The scales of a tensor of integers, then its offsets.
    public static func scales(_ tensor: QuantisedTensor) -> Packing {
        .rows(
            [
                PackedRow(nil, count: tensor.channels, scaling: .scales(of: tensor.name)),
                PackedRow(nil, count: tensor.channels, scaling: .offsets(of: tensor.name)),
            ], width: tensor.channels)
    }
}
