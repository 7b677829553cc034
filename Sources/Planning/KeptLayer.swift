import Networks

/// A layer that stays in bf16 where others are of integers of 8 bits.
public struct KeptLayer: Sendable, Hashable, Codable {
    /// `QuantisedTensor.layer`.
    public let layer: String
    /// How far the network's logits move when this layer alone is of integers, as a share of their own size
    /// (root mean squares); nil where nobody measured it.
    public let error: Double?

    public init(_ layer: String, error: Double? = nil) {
        self.layer = layer
        self.error = error
    }
}

extension [KeptLayer] {
    /// - Throws: `PlanError` when a layer is there twice, or an error is none.
    func check() throws {
        var known: Set<String> = []
        for kept in self {
            guard known.insert(kept.layer).inserted else {
                throw PlanError("\(kept.layer): is kept twice")
            }
            guard (kept.error ?? 0) >= 0 else {
                throw PlanError(
                    "\(kept.layer): expected an error of 0 or more, found \(kept.error ?? 0)")
            }
        }
    }

    /// Checks that a network has such layers.
    ///
    /// - Throws: `PlanError` with the names of those that it has.
    public func check(layersOf network: Network) throws {
        guard !isEmpty else { return }
        try check()
        let layers = network.quantisableLayers
        guard let unknown = first(where: { !layers.contains($0.layer) }) else { return }
        throw PlanError(
            "\(unknown.layer): no layer of \(network.name) that can be of integers; there are "
                + (layers.isEmpty ? "none" : layers.joined(separator: ", ")))
    }
}
