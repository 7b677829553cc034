import HiLoKit

/// A kernel in words, for tables of people.
struct KernelWords {
    let name, shape: String
    /// What the planner chose; empty where there is no choice.
    var tile = "", split = ""
    /// What it computes besides the operator it is called after.
    var fused: [String] = []

    /// - Parameter layout: of the kernel's packed weights, where it has some.
    init(_ kernel: Kernel, lanes: Int, layout: PackedTensor.Layout?) {
        self.init(kernel, lanes: lanes)
        guard case .panels(let sources, _, let batchNorm) = layout else { return }
        fused =
            (sources.count > 1 ? ["\(sources.count) linears"] : [])
            + (batchNorm == nil ? [] : ["BatchNorm"]) + fused
    }

    private init(
        _ name: String, _ shape: String, tile: String = "", split: String = "", fused: [String] = []
    ) {
        (self.name, self.shape, self.tile, self.split, self.fused) = (
            name, shape, tile, split, fused
        )
    }

    private init(_ kernel: Kernel, lanes: Int) {
        switch kernel {
        case .patches(let kernel): self.init("patches", "\(kernel.image) by \(kernel.side)")
        case .gemm(let kernel): self.init(kernel, lanes)
        case .layerNorm(let kernel): self.init("layer_norm", "\(kernel.rows)x\(kernel.channels)")
        case .depthwiseGELU(let kernel):
            self.init("depthwise", "\(kernel.map)x\(kernel.channels)", fused: ["GELU"])
        case .averagePool(let kernel):
            self.init("average_pool", "\(kernel.map)x\(kernel.channels) by \(kernel.window)")
        case .meanPool(let kernel): self.init("mean_pool", "\(kernel.rows)x\(kernel.channels)")
        case .hiFiAttention(let kernel):
            self.init(
                "hifi_attention",
                "\(kernel.map), \(kernel.heads)x\(kernel.headDim), window \(kernel.window)")
        case .loFiAttention(let kernel): self.init(kernel, lanes)
        case .convFFN(let kernel):
            self.init(
                "conv_ffn", "\(kernel.shape.map), \(kernel.shape.channels)x\(kernel.shape.hidden)",
                tile: "\(kernel.tiling.rows)x\(kernel.tiling.vectors * lanes), "
                    + "\(kernel.tiling.band)x\(kernel.tiling.strip) tokens",
                split: "rows",
                fused: ["expansion", "depthwise", "GELU", "contraction", "residual"])
        case .sampling(let kernel):
            self.init("sampling", "\(kernel.map)x\(kernel.channels)", fused: ["offsets"])
        case .featureMap(let kernel):
            self.init(
                "feature_map", "\(kernel.map)x\(kernel.channels), \(kernel.layout.rawValue)",
                fused: kernel.isNormalised ? ["LayerNorm"] : [])
        }
    }

    private init(_ kernel: GEMM, _ lanes: Int) {
        let (shape, tiling) = (kernel.shape, kernel.tiling)
        let epilogue: [GEMM.Epilogue: String] = [.residual: "residual", .gelu: "GELU"]
        self.init(
            "gemm", "\(shape.rows)x\(shape.k)x\(shape.n)",
            tile: "\(tiling.rows)x\(tiling.vectors * lanes), slab \(tiling.slab)",
            split: tiling.split.rawValue, fused: epilogue[shape.epilogue].map { [$0] } ?? [])
    }

    private init(_ kernel: LoFiAttention, _ lanes: Int) {
        let (shape, tiling) = (kernel.shape, kernel.tiling)
        self.init(
            "lofi_attention", "\(shape.queries)x\(shape.keys), \(shape.heads)x\(shape.headDim)",
            tile: "\(tiling.rows)x\(tiling.keyVectors * lanes), block \(tiling.block)")
    }
}
