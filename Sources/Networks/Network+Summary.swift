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
            + outputSummary
            + (attention.isEmpty ? "" : "; " + attention.joined(separator: "; "))
    }
}

extension LITv2 {
    private var outputSummary: String {
        if let features {
            return "feature maps of \(features.stages.count == 1 ? "stage" : "stages") "
                + features.stages.map(String.init).joined(separator: ", ")
                + (features.layout == .tokens ? ", channels last" : "")
        }
        return classes > 0 ? "\(classes) classes" : "pooled features"
    }
}

extension HiLoAttention {
    fileprivate var summary: String {
        "\(hiFiHeads) Hi-Fi and \(loFiHeads) Lo-Fi heads, window \(window)"
    }
}
