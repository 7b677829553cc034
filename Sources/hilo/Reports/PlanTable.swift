import HiLoKit

/// A plan as a table: one row a kernel.
struct PlanTable {
    private let plan: Plan

    init(_ plan: Plan) { self.plan = plan }

    var text: String {
        var table = Table([
            ("kernel", .left), ("calls", .right), ("shape", .left), ("tile", .left),
            ("split", .left), ("fused", .left), ("weight bytes", .right), ("MMACs", .right),
            ("share", .right),
        ])
        for index in plan.kernels.indices { table.add(row(index)) }
        table.add([
            "total", "\(plan.steps.count)", "", "", "", "", "\(4 * plan.weightFloats)",
            millions(plan.macs), "100.0 %",
        ])
        let target = plan.target
        return [
            "\(plan.network.name): \(plan.network.summary)",
            "\(target.isa.rawValue), \(target.precision.rawValue), batch up to \(target.maxBatch)",
            "", table.text, "",
            "arena: \(4 * plan.arenaFloats) bytes an image",
            "scratch: \(4 * plan.scratchFloats) bytes a thread",
            "weights: \(4 * plan.weightFloats) bytes",
        ].joined(separator: "\n")
    }

    private func row(_ index: Int) -> [String] {
        let kernel = plan.kernels[index]
        let steps = plan.steps.filter { $0.kernel == index }
        let packed = steps.compactMap { step in step.weights.map { plan.weights[$0] } }
        let macs = kernel.macs * steps.count
        let share = plan.macs > 0 ? 100 * Double(macs) / Double(plan.macs) : 0
        let words = kernel.description(lanes: plan.target.isa.lanes)
        return [
            words.name, "\(steps.count)", words.shape, words.tile, words.split,
            (packed.first.map { fused(kernel, $0.layout) } ?? words.fused).joined(separator: ", "),
            "\(4 * packed.reduce(0) { $0 + $1.count })", millions(macs), "\(decimal(share, 1)) %",
        ]
    }

    /// What a kernel computes besides the operator it is called after.
    private func fused(_ kernel: Kernel, _ layout: PackedTensor.Layout) -> [String] {
        let own = kernel.description(lanes: plan.target.isa.lanes).fused
        guard case .panels(let sources, _, let batchNorm) = layout else { return own }
        return (sources.count > 1 ? ["\(sources.count) linears"] : [])
            + (batchNorm == nil ? [] : ["BatchNorm"]) + own
    }
}

extension Kernel {
    fileprivate typealias Words = (
        name: String, shape: String, tile: String, split: String, fused: [String]
    )

    fileprivate func description(lanes: Int) -> Words {
        switch self {
        case .patches(let kernel): ("patches", "\(kernel.image) by \(kernel.side)", "", "", [])
        case .gemm(let kernel): gemm(kernel, lanes)
        case .layerNorm(let kernel): ("layer_norm", "\(kernel.rows)x\(kernel.channels)", "", "", [])
        case .depthwiseGELU(let kernel):
            ("depthwise", "\(kernel.map)x\(kernel.channels)", "", "", ["GELU"])
        case .averagePool(let kernel):
            ("average_pool", "\(kernel.map)x\(kernel.channels) by \(kernel.window)", "", "", [])
        case .meanPool(let kernel): ("mean_pool", "\(kernel.rows)x\(kernel.channels)", "", "", [])
        case .hiFiAttention(let kernel):
            (
                "hifi_attention",
                "\(kernel.map), \(kernel.heads)x\(kernel.headDim), window \(kernel.window)", "", "",
                []
            )
        case .loFiAttention(let kernel): attention(kernel, lanes)
        case .sampling(let kernel):
            ("sampling", "\(kernel.map)x\(kernel.channels)", "", "", ["offsets"])
        case .convFFN(let kernel):
            (
                "conv_ffn", "\(kernel.shape.map), \(kernel.shape.channels)x\(kernel.shape.hidden)",
                "\(kernel.tiling.rows)x\(kernel.tiling.vectors * lanes)", "rows",
                ["expansion", "depthwise", "GELU", "contraction", "residual"]
            )
        }
    }

    private func gemm(_ kernel: GEMM, _ lanes: Int) -> Words {
        let (shape, tiling) = (kernel.shape, kernel.tiling)
        let epilogue: [GEMM.Epilogue: String] = [.residual: "residual", .gelu: "GELU"]
        return (
            "gemm", "\(shape.rows)x\(shape.k)x\(shape.n)",
            "\(tiling.rows)x\(tiling.vectors * lanes), slab \(tiling.slab)", tiling.split.rawValue,
            epilogue[shape.epilogue].map { [$0] } ?? []
        )
    }

    private func attention(_ kernel: LoFiAttention, _ lanes: Int) -> Words {
        let (shape, tiling) = (kernel.shape, kernel.tiling)
        return (
            "lofi_attention", "\(shape.queries)x\(shape.keys), \(shape.heads)x\(shape.headDim)",
            "\(tiling.rows)x\(tiling.keyVectors * lanes)", "", []
        )
    }
}
