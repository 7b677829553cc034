import Graphs
import Networks

/// A layer that stays in bf16 or in single precision where others are narrower.
public struct KeptLayer: Sendable, Hashable {
    /// Of `Graph.quantisableLayers`, or of those whose products can be on bf16.
    public let layer: String
    /// What its products multiply: `.bf16` or `.f32`.
    public let type: ElementType
    /// How far the network's logits, or its maps, move when this layer alone is narrower by one step, of integers or of
    /// bf16, as a share of their own size (root mean squares); nil where nobody measured it.
    public let error: Double?

    public init(_ layer: String, in type: ElementType = .bf16, error: Double? = nil) {
        self.layer = layer
        self.type = type
        self.error = error
    }

    /// What layers can be kept in.
    public static let types: [ElementType] = [.bf16, .f32]

    /// What it would be of, one step narrower.
    public var narrower: ElementType { type == .f32 ? .bf16 : .int8 }
}

extension KeptLayer: Codable {
    private enum CodingKeys: String, CodingKey { case layer, type, error }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        layer = try container.decode(String.self, forKey: .layer)
        type = try container.decodeIfPresent(ElementType.self, forKey: .type) ?? .bf16
        error = try container.decodeIfPresent(Double.self, forKey: .error)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(layer, forKey: .layer)
        // Most layers that are kept are of bf16.
        if type != .bf16 { try container.encode(type, forKey: .type) }
        try container.encodeIfPresent(error, forKey: .error)
    }
}

extension [KeptLayer] {
    /// - Throws: `PlanError` when a layer is there twice, an error is none, or a type keeps nothing.
    func check() throws {
        var known: Set<String> = []
        for kept in self {
            guard known.insert(kept.layer).inserted else {
                throw PlanError("\(kept.layer): is kept twice")
            }
            guard KeptLayer.types.contains(kept.type) else {
                throw PlanError(
                    "\(kept.layer): is kept in \(kept.type.rawValue); expected bf16 or f32")
            }
            guard (kept.error ?? 0) >= 0 else {
                throw PlanError(
                    "\(kept.layer): expected an error of 0 or more, found \(kept.error ?? 0)")
            }
        }
    }

    /// Checks that libraries of a precision can keep layers so.
    ///
    /// - Throws: `PlanError` with the first layer that they cannot.
    public func check(keptIn precision: Precision) throws {
        guard let kept = first(where: { !precision.canKeep(in: $0.type) }) else { return }
        throw PlanError(
            "\(kept.layer) is kept in \(kept.type.rawValue), but \(precision.rawValue) keeps no layer in that"
        )
    }

    /// Checks that a network has such layers.
    ///
    /// - Throws: `PlanError` with the names of those that it has.
    public func check(layersOf network: Network) throws {
        guard !isEmpty else { return }
        try check()
        for (type, layers) in [
            (ElementType.bf16, network.quantisableLayers), (.f32, network.roundedLayers),
        ] {
            guard let unknown = first(where: { $0.type == type && !layers.contains($0.layer) })
            else { continue }
            throw PlanError(
                "\(unknown.layer): no layer of \(network.name) that can be of "
                    + "\(type == .f32 ? "bf16" : "integers"); there are "
                    + (layers.isEmpty ? "none" : layers.joined(separator: ", ")))
        }
    }
}
