import Graphs
import Machines

/// A tile of sums in registers, which families with matrix products share.
enum RegisterTile {
    /// The sums of a tile, a row of weights and a broadcast value must fit the registers.
    static func check(rows: Int, vectors: Int, isa: ISA) throws {
        try check(rows: rows, vectors: vectors, most: mostRows(vectors:_:), isa)
    }

    /// The same of packed panels, which whole tiles make.
    static func checkPanel(rows: Int, vectors: Int, isa: ISA) throws {
        try check(rows: rows, vectors: vectors, most: mostPanelRows(vectors:_:), isa)
        guard parts(isa).contains(vectors) else {
            throw ScheduleError(
                "a tile of \(vectors) vectors of \(isa.name): whole tiles make a panel of "
                    + "\(Packing.panelColumns) columns; possible are \(parts(isa))")
        }
    }

    private static func check(
        rows: Int, vectors: Int, most: (Int, ISA) -> Int, _ isa: ISA
    ) throws {
        guard rows >= 1, vectors >= 1, rows <= isa.registers, vectors <= isa.registers,
            rows <= most(vectors, isa)
        else {
            throw ScheduleError(
                "tile \(rows)x\(vectors) vectors: the sums, a row of weights and "
                    + (isa.multipliesLanes ? "a vector of factors a row" : "a broadcast")
                    + " must fit the \(isa.registers) registers of \(isa.name)")
        }
    }

    /// Vectors that make a whole part of a panel: 1, 2, 4 and so on.
    static func parts(_ isa: ISA) -> [Int] {
        (1...Packing.panelColumns / isa.lanes).filter {
            Packing.panelColumns % ($0 * isa.lanes) == 0
        }
    }

    /// Two vectors a row: each broadcast token feeds two multiply-adds, so loads keep up; what is
    /// left of the registers holds rows.
    static let vectors = 2

    /// A whole panel where it has few vectors, so that weights are read as they lie; else two vectors.
    static func wholePanel(_ isa: ISA) -> Int {
        let all = Packing.panelColumns / isa.lanes
        return all <= 4 ? all : vectors
    }

    /// The widest tile of panels of such elements, and the most rows of it. Where words are taken apart, a
    /// mask and what it makes take two registers more, so that narrower tiles are the larger ones (LITv2-S at
    /// 224 in bf16 with AVX2: beside tiles of 6×2 vectors 5×2 are 0.96 as fast, 4×2 0.93).
    static func panel(
        of element: ElementType, by matrix: ElementType, _ isa: ISA
    ) -> (vectors: Int, most: Int) {
        guard isa.multiplies(element, by: matrix) else {
            // Bytes are taken apart into even and odd ones, those of the input too if they were not before.
            let more = element == .int8 && !isa.widens(element) ? 6 : 2
            let most = (isa.registers - vectors - more) / vectors
            return (vectors, min(most, mostPanelRows(vectors: vectors, isa)))
        }
        let vectors = wholePanel(isa)
        return (vectors, mostPanelRows(vectors: vectors, isa))
    }

    /// Rows that a tile of so many vectors may have: their sums, a row of weights and a broadcast; with
    /// lanes, sums and factors of all rows and one vector of weights, in registers that compilers leave
    /// free of 32 (docs/PERFORMANCE.md).
    static func mostRows(vectors: Int = vectors, _ isa: ISA) -> Int {
        isa.multipliesLanes
            ? (isa.registers - 5) / (vectors + 1) : (isa.registers - vectors - 1) / vectors
    }

    /// The same of panels, whose low tiles keep the broadcasts of all rows and one vector of weights.
    static func mostPanelRows(vectors: Int, _ isa: ISA) -> Int {
        let low = min(vectors, (isa.registers - 1) / (vectors + 1))
        return max(mostRows(vectors: vectors, isa), isa.multipliesLanes ? 0 : low)
    }

    /// Vectors that as many sums of `rows` rows may have.
    static func mostVectors(rows: Int, _ isa: ISA) -> Int {
        max(
            1,
            isa.multipliesLanes ? (isa.registers - 5) / rows - 1 : (isa.registers - 1) / (rows + 1))
    }
}

// MARK: - What tiles cost

extension RegisterTile {
    /// Cycles of one step down K.
    static func step(rows: Int, vectors: Int) -> Double {
        Double(halfStep(rows: rows, vectors: vectors)) / 2
    }

    /// Half-cycles of one step down K: two multiply-adds or two loads a cycle, eight independent sums
    /// to cover the latency, and a cycle and a half for each vector of weights to come from L2.
    private static func halfStep(rows: Int, vectors: Int) -> Int {
        max(rows * vectors, rows + vectors, 3 * vectors, 8)
    }

    /// Half-cycles per step of K for all tiles of `rows`.
    static func halfCycles(rows: Int, tile: Int, vectors: Int = vectors) -> Int {
        sum(over: rows, tile: tile) { $0 * halfStep(rows: $1, vectors: vectors) }
    }

    /// What `rows` cost as full tiles and a low one for the rest.
    ///
    /// - Parameter cost: of `count` tiles of so many rows.
    static func sum<Cost: AdditiveArithmetic>(
        over rows: Int, tile: Int, _ cost: (_ count: Int, _ rows: Int) -> Cost
    ) -> Cost {
        let rest = rows % tile
        return cost(rows / tile, tile) + (rest > 0 ? cost(1, rest) : .zero)
    }

    /// The height of tile with the least cycles; of equals the highest, which reads weights least.
    static func bestRows(most: Int, _ cycles: (Int) -> Int) -> Int {
        (1...most).map { (rows: $0, cycles: cycles($0)) }
            .reduce((rows: 1, cycles: Int.max)) { $1.cycles <= $0.cycles ? $1 : $0 }.rows
    }
}

extension ISA {
    /// Whether an instruction multiplies a word of such inputs by one of such a matrix, and sums the
    /// products.
    func multiplies(_ element: ElementType, by matrix: ElementType) -> Bool {
        switch (element, matrix) {
        case (.f32, .f32): true
        case (.bf16, .bf16): multipliesBF16
        case (.int8, .int8): multipliesInt8
        default: false
        }
    }

    /// Whether such elements are made twice as wide before they meet a matrix of the same, once for all of its
    /// columns: bf16 single precision, and integers ones of 16 bits, of which x86 multiplies and adds pairs. A
    /// unit for tiles takes them as they are, emulated or not.
    func widens(_ element: ElementType, for unit: MatrixUnit? = nil) -> Bool {
        switch element {
        case .f32: false
        case .bf16: unit == nil && !multipliesBF16
        case .int8: unit == nil && !multipliesInt8 && architecture == .x86_64
        }
    }
}
