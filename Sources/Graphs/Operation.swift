/// What a node of a graph computes. Parameters are named as in the checkpoint.
///
/// Operations are the vocabulary of networks; which of them run together, and how, is for kernel
/// families to say. So nothing but a family's `match` and the rewrites looks into one.
public enum Operation: Sendable, Hashable {
    /// Patches of an image as rows, in the order plane, row, column.
    case patches(side: Int)
    /// Squares of side×side tokens as rows, token by token; what is left over at the right and the
    /// bottom is left out.
    case tokenPatches(side: Int)
    case linear(Linear)
    /// eps 1e-5 over the channels.
    case layerNorm(parameter: String)
    /// 3×3, zero padding 1, bias.
    case depthwise(parameter: String)
    /// Running statistics, eps 1e-5.
    case batchNorm(parameter: String)
    /// The exact form, x·Φ(x).
    case gelu
    /// Means of window×window tokens; tokens beyond the map count as zeros.
    case averagePool(window: Int)
    /// softmax(scale · q·kᵀ + bias)·v inside windows of one input that holds q, k, v.
    case windowAttention(Heads, Windows, scale: Double)
    /// softmax(scale · q·kᵀ)·v from all rows of the first input (q) to all rows of the second (k, v).
    case globalAttention(Heads, scale: Double)
    /// Deformable samples of 2×2 points with stride 2 as rows, point by point.
    case deformableSamples(parameter: String)
    /// Along the channels.
    case concatenate
    case add
    /// The mean of all tokens.
    case meanPool
    /// A copy in the layout of an output, through a LayerNorm (eps 1e-5) where `norm` names one.
    case featureMap(norm: String?, layout: FeatureLayout)

    /// 3×3, zero padding 1, on each of some maps.
    case convolution(Linear, Convolution)
    case relu
    /// Along the tokens: maps behind one another, as a pyramid.
    case stack
    /// The first input and the second, which is brought to its map by taking the nearest token, floor(i·n/out).
    case upsampledSum
    /// Bilinear to the output's map, align_corners false.
    case resize
    /// Every second token of every second row.
    case subsample
    /// What may become a result, of the first input, logits of anchors, level by level.
    case candidates(AnchorRule)
    /// Boxes of candidates without a class: of candidates, logits and deltas.
    case proposals(AnchorRule)
    /// Boxes with a class: of candidates, logits and deltas.
    case detections(AnchorRule)
    /// Boxes with a class: of logits of classes, deltas of each class, and proposals.
    case regionDetections(RegionRule)
    /// Samples of the second input, a pyramid, in the boxes of the first.
    case roiAlign(RoIAlign)
    /// The logits of each detection's own class: of rows of 2×2 points, and detections.
    case maskLogits(MaskLogits)
    /// The class with the largest logit, of logits that are brought to the picture's size.
    case labels
}

/// What a case holds; nil of other operations.
extension Operation {
    public var linear: Linear? { if case .linear(let linear) = self { linear } else { nil } }

    /// Whether it computes nothing: its inputs are written where its output is.
    public var joins: Bool { self == .concatenate || self == .stack }

    /// The operator with a matrix, of a product or a convolution.
    var matrix: Linear? {
        get {
            switch self {
            case .linear(let linear), .convolution(let linear, _): linear
            default: nil
            }
        }
        set {
            guard let newValue else { return }
            if case .convolution(_, let convolution) = self {
                self = .convolution(newValue, convolution)
            } else {
                self = .linear(newValue)
            }
        }
    }

    public var layerNorm: String? {
        if case .layerNorm(let parameter) = self { parameter } else { nil }
    }

    public var depthwise: String? {
        if case .depthwise(let parameter) = self { parameter } else { nil }
    }

    public var batchNorm: String? {
        if case .batchNorm(let parameter) = self { parameter } else { nil }
    }
}

/// The heads of an attention, which lie one after the other along the channels.
public struct Heads: Sendable, Hashable {
    public let count: Int
    /// Channels of each.
    public let dim: Int

    public init(_ count: Int, dim: Int) {
        self.count = count
        self.dim = dim
    }

    public var channels: Int { count * dim }
}

/// Windows that attention stays inside. Those beyond the map's right and bottom are filled up with
/// tokens that are zero before q, k and v are made of them.
public struct Windows: Sendable, Hashable {
    /// Tokens.
    public let side: Int
    /// Tokens by which they begin further right and down, wrapping around; scores between tokens that
    /// only wrapping made neighbours get −100.
    public let shift: Int
    /// A parameter (2·side − 1)²×heads that is added to the scores, row (dy + side − 1)·(2·side − 1) + dx
    /// + side − 1 for a query dy below and dx right of its key.
    public let positionBias: String?

    public init(side: Int, shift: Int = 0, positionBias: String? = nil) {
        self.side = side
        self.shift = shift
        self.positionBias = positionBias
    }
}

/// How a feature map lies in memory.
public enum FeatureLayout: String, Sendable, Codable, CaseIterable {
    /// channels × height × width, as PyTorch has maps.
    case planes
    /// height × width × channels: channels last.
    case tokens
}

/// Outputs y of a linear operator that become (y − offset) / scale.
public struct OutputScales: Sendable, Hashable {
    public let name: String
    /// The first one; the others follow.
    public let firstRow: Int
}

/// A matrix out×in with an optional bias, as it stands in a checkpoint, and what is folded into it.
public struct Linear: Sendable, Hashable {
    /// How the checkpoint orders a row of the matrix.
    public enum Order: Sendable, Hashable {
        /// As the input's channels: a Linear, or a convolution on patches in plane, row, column order.
        case channels
        /// out×in×point in the checkpoint, point by point in the input.
        case points(Int)
        /// in×out×point in the checkpoint, point by point in the output, as a transposed convolution has
        /// it; one bias for all points of an output.
        case transposed(points: Int)
    }

    public let parameter: String
    /// The first row of the checkpoint's matrix that is used.
    public let firstRow: Int
    public let outputs: Int
    public let inputs: Int
    public let order: Order
    public let hasBias: Bool
    /// The first `scaledRows` outputs are multiplied by `scale`: q of an attention.
    public internal(set) var scaledRows = 0
    public internal(set) var scale = 1.0
    /// The BatchNorm behind it.
    public internal(set) var batchNorm: String?
    /// What its inputs and its matrix are multiplied as.
    public internal(set) var element = ElementType.f32
    public internal(set) var matrix = ElementType.f32
    /// The scales and offsets of its inputs, where these are integers.
    public internal(set) var inputScales: String?
    /// What its last rows are divided by.
    public internal(set) var outputScales: OutputScales?

    public init(
        _ parameter: String, from inputs: Int, to outputs: Int, firstRow: Int = 0,
        order: Order = .channels, hasBias: Bool = true
    ) {
        self.parameter = parameter
        self.firstRow = firstRow
        self.outputs = outputs
        self.inputs = inputs
        self.order = order
        self.hasBias = hasBias
    }

    /// Where input `input` of output `row` of a kernel stands in the checkpoint's matrix.
    public func position(ofRow row: Int, input: Int) -> Int {
        switch order {
        case .channels: return (firstRow + row) * inputs + input
        case .points(let points):
            let channels = inputs / points
            return (firstRow + row) * inputs + input % channels * points + input / channels
        case .transposed(let points):
            let channels = outputs / points
            return (input * channels + row % channels) * points + row / channels
        }
    }

    /// Where the bias of output `row` stands in the checkpoint's.
    public func biasPosition(ofRow row: Int) -> Int {
        switch order {
        case .channels, .points: firstRow + row
        case .transposed(let points): row % (outputs / points)
        }
    }
}
