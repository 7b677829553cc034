import Foundation

/// A number with a fixed number of decimals, whatever the locale.
func decimal(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
}

/// A number in scientific notation with two decimals, or a dash for none.
func scientific(_ value: Double?) -> String {
    value.map { String(format: "%.2e", $0) } ?? "-"
}

/// Bytes in the largest binary unit that leaves a number of at least 1.
func byteCount(_ bytes: Int) -> String {
    var value = Double(bytes)
    var unit = "B"
    for larger in ["KiB", "MiB", "GiB"] where value >= 1024 {
        value /= 1024
        unit = larger
    }
    return unit == "B" ? "\(bytes) B" : "\(decimal(value, 1)) \(unit)"
}

/// The caches whose sizes are known: `L1d 32.0 KiB, L3 8.0 MiB`.
func cacheText(l1d: Int?, l2: Int?, l3: Int?) -> String {
    let known = [("L1d", l1d), ("L2", l2), ("L3", l3)]
        .compactMap { name, bytes in bytes.map { "\(name) \(byteCount($0))" } }
    return known.isEmpty ? "unknown" : known.joined(separator: ", ")
}

/// Multiply-accumulates in millions.
func millions(_ count: Int) -> String { decimal(Double(count) / 1e6, 2) }

/// A bar of block characters, exact to an eighth of a cell.
///
/// - Parameter share: 0 to 1.
func bar(_ share: Double, cells: Int = 20) -> String {
    let eighths = Int((min(max(share, 0), 1) * Double(cells * 8)).rounded())
    let full = String(repeating: "█", count: eighths / 8)
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return (full + rest).padding(toLength: cells, withPad: " ", startingAt: 0)
}

/// `3 x 224 x 224`.
func shapeText(_ shape: [Int]) -> String {
    shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: " x ")
}
