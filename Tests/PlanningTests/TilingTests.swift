import Networks
import Planning
import Testing

@Suite struct TilingTests {
    private func shape(_ rows: Int, _ k: Int, _ n: Int) -> GEMM.Shape {
        GEMM.Shape(
            rows: rows, k: k, n: n, inputStride: k, outputStride: n, epilogue: .none)
    }

    private func attention(queries: Int, keys: Int, headDim: Int = 32) -> LoFiAttention.Shape {
        LoFiAttention.Shape(
            queries: queries, keys: keys, heads: 2, headDim: headDim, queryStride: 2 * headDim,
            keyStride: 4 * headDim, outputStride: 2 * headDim)
    }

    /// Tiles that the registers hold, up to the last one that does.
    static let legal: [(ISA, Int, Int)] = [
        (.avx512, 14, 2), (.avx512, 9, 3), (.avx512, 30, 1), (.avx512, 1, 15), (.avx2, 6, 2),
        (.avx2, 4, 3), (.avx2, 14, 1), (.generic, 6, 2), (.generic, 1, 7), (.generic, 1, 1),
    ]
    /// One row or vector more, and numbers that are no sizes.
    static let illegal: [(ISA, Int, Int)] = [
        (.avx512, 15, 2), (.avx512, 10, 3), (.avx512, 31, 1), (.avx512, 1, 16), (.avx2, 7, 2),
        (.avx2, 5, 3), (.avx2, 15, 1), (.generic, 7, 2), (.generic, 1, 8), (.avx512, 0, 2),
        (.avx512, 4, 0), (.avx2, -1, 2), (.avx2, 2, -1), (.avx512, .max, 2), (.avx512, 2, .max),
        (.avx512, .max, .max), (.avx512, .min, 1),
    ]

    @Test(arguments: legal) func legalTilesAreAccepted(isa: ISA, rows: Int, vectors: Int) throws {
        let tiling = GEMM.Tiling(rows: rows, vectors: vectors, slab: 1, split: .rows)
        #expect(try GEMM(shape(49, 96, 100), tiling, isa: isa).tiling == tiling)
        let keys = LoFiAttention.Tiling(rows: rows, keyVectors: vectors, block: 1)
        #expect(
            try LoFiAttention(attention(queries: 49, keys: 49), keys, isa: isa).tiling == keys)
    }

    @Test(arguments: illegal) func illegalTilesThrow(isa: ISA, rows: Int, vectors: Int) throws {
        let tiling = GEMM.Tiling(rows: rows, vectors: vectors, slab: 1, split: .rows)
        let error = #expect(throws: PlanError.self) {
            try GEMM(shape(49, 96, 100), tiling, isa: isa)
        }
        #expect(error?.description.contains("\(isa.registers) registers of \(isa)") == true)
        let keys = LoFiAttention.Tiling(rows: rows, keyVectors: vectors, block: 1)
        #expect(throws: PlanError.self) {
            try LoFiAttention(attention(queries: 49, keys: 49), keys, isa: isa)
        }
    }

    @Test(arguments: [0, -1, .min, 1 << 40, .max]) func impossibleSlabsThrow(slab: Int) {
        let tiling = GEMM.Tiling(rows: 4, vectors: 2, slab: slab, split: .columns)
        let error = #expect(throws: PlanError.self) {
            try GEMM(shape(49, 96, 100), tiling, isa: .avx2)
        }
        #expect(error?.description.contains("slab of \(slab)") == true)
    }

    /// 100 keys are four panels of 32; 32,768 scores fill what a stack may hold of them.
    @Test(arguments: [
        (100, [1, 3, 4], [0, 5, -1, .min, .max]), (100_000, [1, 73], [74, 3125, 1 << 40]),
    ])
    func blocksFitTheKeysAndTheStack(keys: Int, legal: [Int], illegal: [Int]) throws {
        let shape = attention(queries: 49, keys: keys)
        for block in legal {
            let tiling = LoFiAttention.Tiling(rows: 14, keyVectors: 2, block: block)
            #expect(try LoFiAttention(shape, tiling, isa: .avx512).tiling == tiling)
        }
        for block in illegal {
            let tiling = LoFiAttention.Tiling(rows: 14, keyVectors: 2, block: block)
            let error = #expect(throws: PlanError.self) {
                try LoFiAttention(shape, tiling, isa: .avx512)
            }
            #expect(error?.description.contains("block of \(block)") == true)
        }
    }

    @Test(arguments: ISA.allCases, [1, 8, 1024])
    func costModelTilesAreLegal(isa: ISA, maxBatch: Int) throws {
        let model = CostModel(isa: isa)
        for rows in [1, 2, 3, 7, 13, 16, 49, 50, 196, 784, 3136, 67_200] {
            for k in [1, 12, 48, 96, 384, 1000, 3072, 65_536] {
                for n in [1, 5, 96, 640, 1000] {
                    let shape = shape(rows, k, n)
                    let tiling = model.tiling(for: shape, maxBatch: maxBatch)
                    let gemm = try GEMM(shape, tiling, isa: isa)
                    #expect(tiling.rows <= rows * maxBatch)
                    #expect(gemm.macs == rows * k * n)
                    let panelBytes = k * tiling.vectors * isa.lanes * 4
                    #expect(tiling.slab == 1 || tiling.slab * panelBytes <= 256 * 1024)
                }
            }
        }
    }

    @Test(arguments: ISA.allCases) func costModelAttentionIsLegal(isa: ISA) throws {
        let model = CostModel(isa: isa)
        for queries in [1, 2, 5, 49, 196, 4200] {
            for keys in [1, 3, 4, 15, 16, 17, 49, 64, 1050] {
                let shape = attention(queries: queries, keys: keys)
                let kernel = try LoFiAttention(shape, model.tiling(for: shape), isa: isa)
                #expect(kernel.tiling.rows <= queries)
                let scratch = kernel.scratch(lanes: isa.lanes)
                #expect(scratch % isa.lanes == 0)
                #expect(scratch >= (2 * shape.headDim + 1) * keys)
                let values = kernel.valueVectors(isa: isa)
                #expect(values >= 1 && values * isa.lanes <= shape.headDim)
                #expect((kernel.tiling.rows + 1) * values < isa.registers)
            }
        }
    }

    /// Tiles that divide the queries, all keys of a small map in one block, those of a large one in
    /// blocks of nearly the same size.
    @Test func attentionTilesOfKnownMaps() {
        let model = CostModel(isa: .avx512)
        func tiling(_ queries: Int, _ keys: Int) -> LoFiAttention.Tiling {
            model.tiling(for: attention(queries: queries, keys: keys))
        }
        #expect(tiling(196, 49) == LoFiAttention.Tiling(rows: 14, keyVectors: 2, block: 2))
        #expect(tiling(4368, 273) == LoFiAttention.Tiling(rows: 14, keyVectors: 2, block: 9))
        #expect(tiling(4200, 1050) == LoFiAttention.Tiling(rows: 14, keyVectors: 2, block: 9))
        #expect([7, 14].contains(tiling(49, 49).rows))
    }

    /// Few rows leave threads nothing to share but columns.
    @Test func splitFollowsTheRows() {
        let model = CostModel(isa: .avx512)
        #expect(model.tiling(for: shape(1, 768, 1000), maxBatch: 1).split == .columns)
        #expect(model.tiling(for: shape(49, 768, 3072), maxBatch: 1).split == .columns)
        #expect(model.tiling(for: shape(3136, 96, 384), maxBatch: 1).split == .rows)
    }

    /// 49 rows are seven tiles of 7, or three of 14 and a rest of 7 that wastes nothing.
    @Test func rowsWithoutACostlyRest() {
        let model = CostModel(isa: .avx512)
        #expect([7, 14].contains(model.tiling(for: shape(49, 768, 3072), maxBatch: 1).rows))
        #expect([7, 14].contains(model.tiling(for: shape(196, 384, 1536), maxBatch: 1).rows))
        #expect(model.tiling(for: shape(12, 384, 1536), maxBatch: 1).rows == 12)
    }

    private func convFFN(_ height: Int, _ width: Int, _ channels: Int) -> Planning.ConvFFN.Shape {
        Planning.ConvFFN.Shape(
            map: Resolution(height: height, width: width), channels: channels, hidden: 4 * channels)
    }

    @Test(arguments: [(0, 3), (3, 0), (6, 3), (3, 8), (.max, 3), (3, .max), (-1, 3), (3, .min)])
    func bandsAndStripsBeyondTheMapThrow(band: Int, strip: Int) {
        let tiling = Planning.ConvFFN.Tiling(rows: 4, vectors: 2, band: band, strip: strip)
        let error = #expect(throws: PlanError.self) {
            try Planning.ConvFFN(convFFN(5, 7, 96), tiling, isa: .avx2)
        }
        #expect(error?.description.contains("bands of \(band) rows in strips of \(strip)") == true)
    }

    /// Whatever the map, a fused ConvFFN's tiling is legal, and a thread's hidden values are few.
    @Test(arguments: ISA.allCases) func costModelConvFFNIsLegal(isa: ISA) throws {
        let model = CostModel(isa: isa)
        let maps = [
            (1, 1), (1, 600), (600, 1), (23, 23), (25, 42), (28, 28), (31, 37), (50, 84), (56, 56),
            (100, 168), (200, 336), (64, 2048),
        ]
        for (height, width) in maps {
            for channels in [12, 96, 192, 768] {
                let shape = convFFN(height, width, channels)
                guard let tiling = model.tiling(for: shape) else {
                    #expect(height * width < 784)
                    continue
                }
                let kernel = try Planning.ConvFFN(shape, tiling, isa: isa)
                #expect(tiling.band * tiling.strip <= 128)
                let hidden = shape.hidden.rounded(upTo: tiling.vectors * isa.lanes)
                #expect(kernel.scratch(lanes: isa.lanes) < 700 * hidden)
            }
        }
    }

    /// Small maps have too few tokens for the weights that one kernel reads again and again.
    @Test func convFFNsOfSmallMapsAreSeparate() {
        let model = CostModel(isa: .avx512)
        #expect(model.tiling(for: convFFN(7, 7, 768)) == nil)
        #expect(model.tiling(for: convFFN(14, 14, 384)) == nil)
        #expect(model.tiling(for: convFFN(28, 28, 192))?.strip == 28)
        #expect(model.tiling(for: convFFN(56, 56, 96))?.strip == 56)
    }

    /// A megabyte of maps, which are four bytes a float; never fewer than one image or more than a
    /// batch.
    @Test(arguments: [
        (1, 8, 8), (65_536, 8, 4), (65_537, 8, 3), (262_144, 8, 1), (262_145, 8, 1),
        (12_900_000, 8, 1), (65_536, 2, 2), (0, 3, 3),
    ]) func groupsFillHalfOfL2(arenaFloats: Int, maxBatch: Int, images: Int) {
        let model = CostModel(isa: .avx2)
        #expect(model.imagesPerThread(arenaFloats: arenaFloats, maxBatch: maxBatch) == images)
    }
}
