import Graphs
import Kernels

// What packing and unpacking must agree on.

extension Linear {
    /// What output `row` is multiplied by.
    func factor(ofRow row: Int) -> Double { row < scaledRows ? scale : 1 }
}

extension Packing {
    /// Floats from one row of so many values to the next.
    static func pitch(ofWidth width: Int) -> Int { width.rounded(upTo: rowUnit) }
}
