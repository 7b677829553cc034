import Graphs
import Machines

/// Attention of a tile of queries of one head to all keys, as Templates/c/inner/attention_tile.h has it:
/// two matrix products, and a softmax between them.
struct AttentionTile {
    let isa: ISA
    let keys: Int
    let headDim: Int
    /// Queries and vectors of keys, a panel, whose scores are in registers.
    let rows: Int
    let keyVectors: Int

    /// Floats of scores that a thread may hold on its stack.
    static let mostScores = 32 * 1024

    /// More rows than this share nothing that fewer would not.
    private static let mostRows = 16

    /// Sizes of tiles to choose from, by vectors, then by rows.
    static func sizes(queries: Int, keys: Int, _ isa: ISA) -> [(rows: Int, keyVectors: Int)] {
        let widest = min(isa.registers - 2, keys.dividedRoundingUp(by: isa.lanes))
        return (1...max(1, widest)).flatMap { vectors in
            (1...min(mostRows, queries)).map { (rows: $0, keyVectors: vectors) }
        }
    }

    /// Keys of a panel.
    var panel: Int { keyVectors * isa.lanes }
    var panels: Int { keys.dividedRoundingUp(by: panel) }
    /// Keys that all panels have room for.
    var paddedKeys: Int { keys.rounded(upTo: panel) }
    /// Vectors of a head's channels.
    var vectors: Int { headDim.dividedRoundingUp(by: isa.lanes) }

    /// Vectors of values whose sums, for all rows of a tile, fit the registers beside a vector for
    /// each of them and a broadcast weight.
    var valueVectors: Int { min(vectors, RegisterTile.mostVectors(rows: rows, isa)) }

    /// Floats of a head's keys in panels, with what is added to their scores, and of its values.
    var packedFloats: Int {
        paddedKeys * (1 + headDim) + keys * headDim.rounded(upTo: isa.lanes)
    }
}

// MARK: - What it costs

extension AttentionTile {
    /// Cycles of scores and weighted sums of `rows` queries.
    func products(rows: Int) -> Double {
        RegisterTile.step(rows: rows, vectors: keyVectors) * Double(panels * headDim)
            + RegisterTile.step(rows: rows, vectors: valueVectors)
            * Double(vectors.dividedRoundingUp(by: valueVectors) * keys)
    }

    /// Cycles of the exponentials of `rows` queries.
    func softmax(rows: Int) -> Int { rows * panels * keyVectors * 8 }

    /// Scores are one matrix product and the weighted values another, of tiles as high and about as
    /// wide; each score is stored, made a weight and loaded again.
    ///
    /// - Parameter queries: of all heads.
    func work(queries: Int, units: Int) -> Work {
        let scores = Double(queries) * (Double(paddedKeys) / Double(isa.lanes))
        let values = Double(vectors) * Double(keys)
        let fmas = scores * Double(headDim) + Double(queries) * values
        return Work(
            fmas: fmas, operations: scores * (Work.exponential(on: isa) + 4),
            accesses: fmas * (1 / Double(rows) + 1 / Double(keyVectors)), units: units)
    }
}
