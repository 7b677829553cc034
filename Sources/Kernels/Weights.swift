import Graphs

/// Weights that a kernel reads.
public enum WeightUse: Sendable, Equatable {
    case block(WeightBlock)
    /// The bias of a linear operator, in the block that holds it.
    case bias(of: Linear)
}

/// Values of a checkpoint that lie together in the packed file.
public struct WeightBlock: Sendable, Hashable {
    public let name: String
    public let packing: Packing

    public init(_ name: String, _ packing: Packing) {
        self.name = name
        self.packing = packing
    }
}

/// What can be fetched ahead of a step's weights.
public struct WeightStream: Sendable, Equatable {
    /// Panels, when threads share them and begin at different ones; else 0.
    public let panels: Int
    public let panelBytes: Int

    public init(panels: Int = 0, panelBytes: Int = 0) {
        self.panels = panels
        self.panelBytes = panelBytes
    }
}
