import Graphs
import Machines

/// What multiplies, where that is not vectors.
public enum MatrixUnit: String, Sendable, Codable {
    /// A unit with registers of 16 rows of 64 bytes, such as AMX. CPUs without one emulate it with vectors
    /// (Templates/c/inner/tile_unit.h), to verify kernels that are made for others.
    case tiles
}

/// A square of sums in the unit's registers, two tiles by two, which families with matrix products share.
enum TileUnit {
    /// Rows of sums; columns are those of a panel.
    static let mostRows = 32
    /// Words of a row that a product of tiles takes.
    static let mostWords = 16

    /// Whether products go to the unit: where there is one, all of elements that it has, so that bits do
    /// not depend on schedules.
    static func serves(
        _ element: ElementType, by matrix: ElementType, steps: [Int], _ isa: ISA
    ) -> Bool {
        isa.multipliesTiles && element == matrix && element != .f32 && steps.allSatisfy(fits)
    }

    /// Words of each product of `steps`: as many as divide them.
    static func words(of steps: Int) -> Int {
        (1...mostWords).last { steps % $0 == 0 } ?? 1
    }

    /// Whether products use half of the unit at least.
    private static func fits(_ steps: Int) -> Bool {
        2 * words(of: steps) >= min(mostWords, 2 * steps)
    }

    /// - Parameter steps: words of a row that each of the products of a kernel takes.
    static func check(
        rows: Int, vectors: Int, _ element: ElementType, by matrix: ElementType, steps: [Int],
        _ isa: ISA
    ) throws {
        guard element == matrix, element != .f32 else {
            throw ScheduleError("tiles are multiplied of bf16 or of integers, not of \(element)")
        }
        guard (1...mostRows).contains(rows), vectors * isa.lanes == Packing.panelColumns else {
            throw ScheduleError(
                "a square of \(rows) rows by \(vectors) vectors of \(isa.name) in the tile unit: 1 to "
                    + "\(mostRows) rows by \(Packing.panelColumns) columns are possible")
        }
        guard steps.allSatisfy(fits) else {
            throw ScheduleError(
                "rows of \(steps) words: the tile unit takes up to \(mostWords) at a time, which must "
                    + "divide them")
        }
    }

    /// The height of squares that share `rows` evenly.
    static func evenRows(_ rows: Int) -> Int {
        rows.dividedRoundingUp(by: rows.dividedRoundingUp(by: mostRows))
    }

    /// Heights that are worth a measurement.
    static func candidateRows(upTo rows: Int) -> [Int] {
        let even = evenRows(rows)
        return Set([even, 16, 24, 28, mostRows]).filter { $0 <= max(even, rows) }.sorted()
    }

    /// Multiply-adds of vectors that a word of a row takes as long as, by a whole panel.
    static let fmas = 0.25

    /// Cycles of one word of a row by a panel, for a square of `rows`: a row of a tile a cycle, four tiles
    /// or two.
    static func step(rows: Int) -> Double { 2 * Double(max(rows, 8)) / Double(mostWords) }
}

/// What a unit adds to a kernel's name, and to what people read of it.
func unitPrefix(_ unit: MatrixUnit?) -> String { unit?.rawValue ?? "" }
func unitWords(_ unit: MatrixUnit?) -> [String] { unit == .tiles ? ["tile unit"] : [] }
