import FileIO

/// Rows of text in aligned columns.
struct Table {
    enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// - Parameter columns: headings and how the cells below stand.
    init(_ columns: [(heading: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.heading)]
    }

    /// Columns without headings.
    init(_ alignments: [Alignment]) {
        self.alignments = alignments
        rows = []
    }

    /// Adds a row; it has as many cells as there are columns. They may quote files.
    mutating func add(_ cells: [String]) { rows.append(cells.map(\.printable)) }

    var text: String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { align($0, row[$0], widths[$0]) }
            return cells.joined(separator: "  ").trimmingSuffix(while: \.isWhitespace)
        }
        .joined(separator: "\n")
    }

    private func align(_ column: Int, _ cell: String, _ width: Int) -> String {
        let space = String(repeating: " ", count: width - cell.count)
        return alignments[column] == .left ? cell + space : space + cell
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        guard let last = lastIndex(where: { !predicate($0) }) else { return "" }
        return String(self[...last])
    }
}
