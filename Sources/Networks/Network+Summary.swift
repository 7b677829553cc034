extension Network {
    /// One line that says what the network is, in numbers only.
    public var summary: String {
        switch self {
        case .litv2(let network): network.summary
        case .hilo(let layer):
            "one HiLo attention layer, \(layer.map) tokens of \(layer.dim) channels, "
                + layer.attention.summary
        }
    }
}

extension LITv2 {
    fileprivate var summary: String {
        let depths = stages.map { String($0.depth) }.joined(separator: ", ")
        let attention = stages.enumerated().compactMap { index, stage in
            stage.attention.map { "stage \(index + 1): \($0.summary)" }
        }
        return "LITv2 on \(resolution) pixels, \(stages[0].channels) channels, \(depths) blocks, "
            + (classes > 0 ? "\(classes) classes" : "pooled features")
            + (attention.isEmpty ? "" : "; " + attention.joined(separator: "; "))
    }
}

extension HiLoAttention {
    fileprivate var summary: String {
        "\(hiFiHeads) Hi-Fi and \(loFiHeads) Lo-Fi heads, window \(window)"
    }
}
