import Graphs
import Kernels

/// A packing with all its sizes.
public struct PackedLayout: Sendable, Equatable {
    public let packing: Packing
    /// Columns of a panel, or what rows are padded to a multiple of.
    public let unit: Int

    /// Floats, a multiple of a cache line.
    public var count: Int {
        let floats =
            switch packing {
            case .panels(let linears): columns(linears) * (linears[0].inputs + 1)
            case .rows(let rows, let width):
                width.rounded(upTo: unit) * (rows.count - 1) + lastRow(rows, width)
            }
        return floats.rounded(upTo: 16)
    }

    private func columns(_ linears: [Linear]) -> Int {
        linears.reduce(0) { $0 + $1.outputs }.rounded(upTo: unit)
    }

    /// A last row of fewer values is not padded like the others.
    private func lastRow(_ rows: [PackedRow], _ width: Int) -> Int {
        rows[rows.count - 1].count == width ? width.rounded(upTo: unit) : rows[rows.count - 1].count
    }

    /// Floats from the beginning to the bias of a linear operator; nil when it is not in here.
    func biasOffset(of linear: Linear) -> Int? {
        guard case .panels(let linears) = packing, linears.contains(linear) else { return nil }
        let column = linears.prefix { $0 != linear }.reduce(0) { $0 + $1.outputs }
        return columns(linears) * linear.inputs + column
    }
}
