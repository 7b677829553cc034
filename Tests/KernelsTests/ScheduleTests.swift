import Graphs
import Machines
import Testing

@testable import Kernels

/// Which schedules are legal, and which of them families choose.
@Suite struct ScheduleTests {
    private func product(_ rows: Int, _ k: Int, _ n: Int) -> GEMM.Spec {
        GEMM.Spec(rows: rows, k: k, n: n)
    }

    private func attention(
        queries: Int, keys: Int, headDim: Int = 32
    ) -> LoFiAttention.Spec {
        LoFiAttention.Spec(queries: queries, keys: keys, heads: 2, headDim: headDim)
    }

    private func setting(_ isa: ISA, maxBatch: Int = 1) -> Setting {
        Setting(machine: MachineModel(isa: isa), batch: 1, maxBatch: maxBatch)
    }

    /// Tiles that the registers hold, up to the last one that does. A part of a panel of weights, which
    /// GEMM and ConvFFN take, has a half, a quarter and so on of its 32 columns.
    static let legal: [(ISA, Int, Int)] = [
        (.avx512, 14, 2), (.avx512, 9, 3), (.avx512, 30, 1), (.avx512, 1, 15), (.avx2, 6, 2),
        (.avx2, 4, 3), (.avx2, 14, 1), (.generic, 6, 2), (.generic, 1, 7), (.generic, 1, 1),
    ]
    /// One row or vector more, and numbers that are no sizes.
    static let illegal: [(ISA, Int, Int)] = [
        (.avx512, 15, 2), (.avx512, 10, 3), (.avx512, 31, 1), (.avx512, 1, 31), (.avx2, 7, 2),
        (.avx2, 5, 3), (.avx2, 15, 1), (.generic, 7, 2), (.generic, 1, 15), (.avx512, 0, 2),
        (.avx512, 4, 0), (.avx2, 4, 4), (.avx2, -1, 2), (.avx2, 2, -1), (.avx512, .max, 2),
        (.avx512, 2, .max),
        (.avx512, .max, .max), (.avx512, .min, 1),
    ]

    /// What every family with a tile says of it.
    private func check(_ isa: ISA, rows: Int, vectors: Int) -> [ScheduleError?] {
        let map = Resolution(height: 7, width: 7)
        return [
            error {
                let how = LoFiAttention.Schedule(rows: rows, keyVectors: vectors, block: 1)
                try LoFiAttention.check(attention(queries: 49, keys: 49), how, isa)
            },
            error {
                let how = GEMM.Schedule(rows: rows, vectors: vectors, slab: 1, split: .rows)
                try GEMM.check(product(49, 96, 100), how, isa)
            },
            error {
                let how = FusedConvFFN.Schedule(rows: rows, vectors: vectors, band: 1, strip: 7)
                try FusedConvFFN.check(.init(map: map, channels: 96, hidden: 100), how, isa)
            },
        ]
    }

    private func error(_ body: () throws -> Void) -> ScheduleError? {
        do { try body() } catch { return error as? ScheduleError }
        return nil
    }

    @Test(arguments: legal) func legalTilesAreAccepted(isa: ISA, rows: Int, vectors: Int) {
        let errors = check(isa, rows: rows, vectors: vectors)
        #expect(errors[0] == nil)
        let isPart = [32, 16, 8, 4].contains(vectors * isa.lanes)
        for error in errors[1...] {
            #expect((error == nil) == isPart)
            #expect(
                isPart
                    || error?.description.contains("whole tiles make a panel of 32 columns") == true
            )
        }
    }

    @Test(arguments: illegal) func illegalTilesThrow(isa: ISA, rows: Int, vectors: Int) {
        for error in check(isa, rows: rows, vectors: vectors) {
            #expect(error?.description.contains("\(isa.registers) registers of \(isa)") == true)
        }
    }

    @Test(arguments: [0, -1, .min, 1 << 40, .max]) func impossibleSlabsThrow(slab: Int) {
        let schedule = GEMM.Schedule(rows: 4, vectors: 2, slab: slab, split: .columns)
        let error = #expect(throws: ScheduleError.self) {
            try GEMM.check(product(49, 96, 100), schedule, .avx2)
        }
        #expect(error?.description.contains("slab of \(slab)") == true)
    }

    /// Whole chains of sums that wait as floats, and not all of K.
    @Test func impossibleDepthsThrow() throws {
        func check(_ depth: Int, _ element: ElementType, _ unit: MatrixUnit? = nil) throws {
            let spec = GEMM.Spec(rows: 49, k: 960, n: 100, element: element)
            let how = GEMM.Schedule(
                rows: 4, vectors: 2, slab: 1, depth: depth, split: .rows, unit: unit)
            try GEMM.check(spec, how, .avx512)
        }
        try check(384, .f32)
        try check(768, .bf16)
        for depth in [0, -384, 383, 960, 1152, .min, .max] {
            let error = #expect(throws: ScheduleError.self) { try check(depth, .f32) }
            #expect(error?.description.contains("multiples of 384 below K = 960") == true)
        }
        for (element, unit) in [(ElementType.int8, nil), (.bf16, MatrixUnit.tiles)] {
            let error = #expect(throws: ScheduleError.self) { try check(384, element, unit) }
            #expect(error?.description.contains("vectors that add floats") == true)
        }
    }

    /// Parts of a long K let more columns share the rows that pass; only vectors take parts, and only where it pays.
    @Test func longProductsTakePartsOfK() throws {
        func depth(_ spec: GEMM.Spec, _ isa: ISA) -> Int? {
            GEMM.schedules(spec, Setting(machine: MachineModel(isa: isa), batch: 1, maxBatch: 1))
                .best?.depth
        }
        let long = GEMM.Spec(rows: 1000, k: 12544, n: 1024)
        #expect(depth(long, .avx512) == 384)
        let setting = Setting(machine: MachineModel(isa: .avx512), batch: 1, maxBatch: 1)
        #expect(Set(GEMM.schedules(long, setting).all().map(\.depth)) == [nil, 384, 768])
        #expect(depth(GEMM.Spec(rows: 1000, k: 12544, n: 32), .avx512) == nil)
        #expect(depth(product(49, 3072, 768), .avx512) == nil)
        #expect(depth(product(3136, 384, 1536), .avx512) == nil)
        let narrow = GEMM.Spec(rows: 1000, k: 12544, n: 1024, element: .bf16)
        #expect(depth(narrow, .avx512bf16) == 384)
        #expect(depth(narrow, .avx512amx) == nil)
        #expect(depth(GEMM.Spec(rows: 1000, k: 12544, n: 1024, element: .int8), .avx512vnni) == nil)
    }

    /// 100 keys are four panels of 32; 32,768 scores fill what a stack may hold of them.
    @Test(arguments: [
        (100, [1, 3, 4], [0, 5, -1, .min, .max]), (100_000, [1, 73], [74, 3125, 1 << 40]),
    ])
    func blocksFitTheKeysAndTheStack(keys: Int, legal: [Int], illegal: [Int]) throws {
        let spec = attention(queries: 49, keys: keys)
        for block in legal {
            let schedule = LoFiAttention.Schedule(rows: 14, keyVectors: 2, block: block)
            try LoFiAttention.check(spec, schedule, .avx512)
        }
        for block in illegal {
            let schedule = LoFiAttention.Schedule(rows: 14, keyVectors: 2, block: block)
            let error = #expect(throws: ScheduleError.self) {
                try LoFiAttention.check(spec, schedule, .avx512)
            }
            #expect(error?.description.contains("block of \(block)") == true)
        }
    }

    @Test(arguments: [(0, 3), (3, 0), (6, 3), (3, 8), (.max, 3), (3, .max), (-1, 3), (3, .min)])
    func bandsAndStripsBeyondTheMapThrow(band: Int, strip: Int) {
        let schedule = FusedConvFFN.Schedule(rows: 4, vectors: 2, band: band, strip: strip)
        let error = #expect(throws: ScheduleError.self) {
            try FusedConvFFN.check(convFFN(5, 7, 96), schedule, .avx2)
        }
        #expect(error?.description.contains("bands of \(band) rows in strips of \(strip)") == true)
    }

    // MARK: The best guess

    @Test(arguments: ISA.all, [1, 8, 1024])
    func bestProductsAreLegal(isa: ISA, maxBatch: Int) throws {
        for rows in [1, 2, 3, 7, 13, 16, 49, 50, 196, 784, 3136, 67_200] {
            for k in [1, 12, 48, 96, 384, 1000, 3072, 65_536] {
                for n in [1, 5, 96, 640, 1000] {
                    let spec = product(rows, k, n)
                    let best = try best(spec, isa, maxBatch: maxBatch)
                    try GEMM.check(spec, best, isa)
                    #expect(best.rows <= rows * maxBatch)
                    #expect(GEMM.macs(spec) == rows * k * n)
                    let tileBytes = (best.depth ?? k) * best.vectors * isa.lanes * 4
                    #expect(best.slab == 1 || best.slab * tileBytes <= 256 * 1024)
                }
            }
        }
    }

    private func best(_ spec: GEMM.Spec, _ isa: ISA, maxBatch: Int = 1) throws -> GEMM.Schedule {
        try #require(GEMM.schedules(spec, setting(isa, maxBatch: maxBatch)).best)
    }

    @Test(arguments: ISA.all) func bestAttentionsAreLegal(isa: ISA) throws {
        for queries in [1, 2, 5, 49, 196, 4200] {
            for keys in [1, 3, 4, 15, 16, 17, 49, 64, 1050] {
                let spec = attention(queries: queries, keys: keys)
                let best = try best(spec, isa)
                try LoFiAttention.check(spec, best, isa)
                #expect(best.rows <= queries)
                let scratch = LoFiAttention.scratch(spec, best, isa)
                #expect(scratch % (4 * isa.lanes) == 0)
                #expect(scratch >= 4 * (2 * spec.headDim + 1) * keys)
                let values = LoFiAttention.tile(spec, best, isa).valueVectors
                #expect(values >= 1 && values * isa.lanes <= spec.headDim)
                #expect((best.rows + 1) * values < isa.registers)
            }
        }
    }

    private func best(_ spec: LoFiAttention.Spec, _ isa: ISA) throws -> LoFiAttention.Schedule {
        try #require(LoFiAttention.schedules(spec, setting(isa)).best)
    }

    /// Tiles that divide the queries, all keys of a small map in one block, those of a large one in
    /// blocks of nearly the same size.
    @Test func attentionTilesOfKnownMaps() throws {
        func tile(_ queries: Int, _ keys: Int) throws -> LoFiAttention.Schedule {
            try best(attention(queries: queries, keys: keys), .avx512)
        }
        #expect(try tile(196, 49) == LoFiAttention.Schedule(rows: 14, keyVectors: 2, block: 2))
        #expect(try tile(4368, 273) == LoFiAttention.Schedule(rows: 14, keyVectors: 2, block: 9))
        #expect(try tile(4200, 1050) == LoFiAttention.Schedule(rows: 14, keyVectors: 2, block: 9))
        #expect([7, 14].contains(try tile(49, 49).rows))
    }

    /// Few rows leave threads nothing to share but columns.
    @Test func splitFollowsTheRows() throws {
        #expect(try best(product(1, 768, 1000), .avx512).split == .columns)
        #expect(try best(product(49, 768, 3072), .avx512).split == .columns)
        #expect(try best(product(3136, 96, 384), .avx512).split == .rows)
    }

    /// 49 rows are seven tiles of 7, or three of 14 and a rest of 7 that wastes nothing.
    @Test func rowsWithoutACostlyRest() throws {
        #expect([7, 14].contains(try best(product(49, 768, 3072), .avx512).rows))
        #expect([7, 14].contains(try best(product(196, 384, 1536), .avx512).rows))
        #expect(try best(product(12, 384, 1536), .avx512).rows == 12)
    }

    private func convFFN(_ height: Int, _ width: Int, _ channels: Int) -> FusedConvFFN.Spec {
        FusedConvFFN.Spec(
            map: Resolution(height: height, width: width), channels: channels, hidden: 4 * channels)
    }

    private func best(_ spec: FusedConvFFN.Spec, _ isa: ISA) -> FusedConvFFN.Schedule? {
        FusedConvFFN.schedules(spec, setting(isa)).best
    }

    /// Whatever the map, a fused ConvFFN's schedule is legal, and a thread's hidden values are few.
    @Test(arguments: ISA.all) func bestConvFFNsAreLegal(isa: ISA) throws {
        let maps = [
            (1, 1), (1, 600), (600, 1), (23, 23), (25, 42), (28, 28), (31, 37), (50, 84), (56, 56),
            (100, 168), (200, 336), (64, 2048),
        ]
        for (height, width) in maps {
            for channels in [12, 96, 192, 768] {
                let spec = convFFN(height, width, channels)
                guard let best = best(spec, isa) else {
                    #expect(height * width < 784)
                    continue
                }
                try FusedConvFFN.check(spec, best, isa)
                #expect(best.band * best.strip <= 128)
                let hidden = spec.hidden.rounded(upTo: 32)
                #expect(FusedConvFFN.scratch(spec, best, isa) < 4 * 700 * hidden)
            }
        }
    }

    /// Small maps have too few tokens for the weights that one kernel reads again and again.
    @Test func convFFNsOfSmallMapsAreSeparate() {
        #expect(best(convFFN(7, 7, 768), .avx512) == nil)
        #expect(best(convFFN(14, 14, 384), .avx512) == nil)
        #expect(best(convFFN(28, 28, 192), .avx512)?.strip == 28)
        #expect(best(convFFN(56, 56, 96), .avx512)?.strip == 56)
    }

    // MARK: All

    static let tallest: [(ISA, [Int: Int])] = [
        (.avx512, [1: 30, 2: 14]), (.avx2, [1: 14, 2: 6, 4: 3]),
        (.generic, [1: 14, 2: 6, 4: 3, 8: 1]),
        (.neon, [1: 13, 2: 9, 4: 5, 8: 3]),
    ]

    /// The largest tile of every width is among them, and nothing that is larger.
    @Test(arguments: tallest) func theSpaceReachesTheRegisters(isa: ISA, expected: [Int: Int]) {
        for n in [5, 384, 576] {
            let schedules = GEMM.schedules(product(196, 192, n), setting(isa)).all()
            let tallest = Dictionary(schedules.map { ($0.vectors, $0.rows) }, uniquingKeysWith: max)
            #expect(tallest == expected)
            #expect(Set(schedules.map(\.split)) == [.rows, .columns])
            #expect(
                schedules.allSatisfy { ($0.slab - 1) * $0.vectors * isa.lanes < n })
        }
    }

    /// Blocks from one panel of keys to all of them.
    @Test(arguments: [4, 6, 49]) func theSpaceOfAttentionHasBlocks(keys: Int) {
        let isa = ISA.generic
        let spec = attention(queries: 24, keys: keys)
        let schedules = LoFiAttention.schedules(spec, setting(isa)).all()
        for schedule in schedules {
            #expect((schedule.block - 1) * schedule.keyVectors * isa.lanes < keys)
        }
        let blocks = schedules.map(\.block)
        #expect(blocks.min() == 1 && blocks.max() == (keys + isa.lanes - 1) / isa.lanes)
    }
}
