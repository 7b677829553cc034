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

/// How values of a checkpoint are laid out.
public enum Packing: Sendable, Hashable {
    /// The outputs of linear operators on one input, as columns in panels; then their bias.
    case panels([Linear])
    /// Rows of so many values at most, each padded to whole vectors.
    case rows([PackedRow], width: Int)
}

/// A row of values, `stride` apart in a parameter.
public struct PackedRow: Sendable, Hashable {
    public let parameter: String
    public let start: Int
    public let stride: Int
    public let count: Int

    public init(_ parameter: String, start: Int = 0, stride: Int = 1, count: Int) {
        self.parameter = parameter
        self.start = start
        self.stride = stride
        self.count = count
    }
}

extension Packing {
    /// gamma, then beta.
    public static func norm(_ parameter: String, channels: Int) -> Packing {
        .rows(
            [
                PackedRow("\(parameter).weight", count: channels),
                PackedRow("\(parameter).bias", count: channels),
            ], width: channels)
    }
}

/// What can be fetched ahead of a step's weights.
public struct WeightStream: Sendable, Equatable {
    /// Panels, when threads share them and begin at different ones; else 0.
    public let panels: Int
    public let panelFloats: Int

    public init(panels: Int = 0, panelFloats: Int = 0) {
        self.panels = panels
        self.panelFloats = panelFloats
    }
}
