import Graphs

/// Semantic FPN (arXiv 1901.02446): each level of a pyramid is convolved and enlarged to the finest one's
/// size, and the class of each pixel is read from their sum.
public struct SemanticFPN: HeadNetwork {
    public static let id = "semanticfpn"
    static let firstStage = 1
    static let suffix = "semantic_fpn"

    public internal(set) var backbone: LITv2
    public let classes: Int
    public let labels: [String]
    /// Of the pyramid.
    public let channels: Int
    /// Of the head.
    public let width: Int
    public let convolutions: ConvolutionChoice
    public let scale: PictureScale

    /// - Parameters:
    ///   - backbone: a LITv2 with any end; its stages are what counts.
    ///   - normalisesFirst: whether a LayerNorm stands behind the first stage too, as the authors have it.
    /// - Throws: `NetworkError` when the numbers do not make a network.
    public init(
        _ backbone: LITv2, classes: Int = 150, labels: [String] = [], channels: Int = 256,
        width: Int = 128, convolutions: ConvolutionChoice = .automatic,
        scale: PictureScale? = nil, normalisesFirst: Bool = true
    ) throws {
        self.backbone = try backbone.backbone(
            from: Self.firstStage, normalisesFirst: normalisesFirst)
        self.classes = classes
        self.labels = labels
        self.channels = channels
        self.width = width
        self.convolutions = convolutions
        self.scale = scale ?? .ade20k
        try check()
    }

    public func check() throws {
        try checkHeads()
        try check(width, "channels of the head", 1...4096)
    }

    public var outputs: [NetworkOutput] {
        let map = backbone.map(ofStage: 0)
        return [
            NetworkOutput(
                .logits, shape: [map.height, map.width, classes],
                dimensions: "height, width, classes"),
            NetworkOutput(
                .labels, shape: [resolution.height, resolution.width],
                dimensions: "height, width"),
        ]
    }

    public var summary: String {
        "Semantic FPN on \(summaryOfBackbone); \(classes) classes, pyramid of \(channels) channels, "
            + "head of \(width)"
    }

    public var inputRule: InputRule? { scale == .ade20k ? .ade20k : nil }

    public var identity: NetworkIdentity { identity("head \(width)") }

    /// The convolutions of a level's branch: each is enlarged twofold behind it, but for the first level.
    func branch(ofLevel level: Int) -> [String] {
        (0..<max(1, level)).map { "decode_head.scale_heads.\(level).\(2 * $0)" }
    }

    var headParameters: [Parameter] {
        let stages = backbone.stages.map(\.channels)
        let branches = stages.indices.flatMap { level in
            branch(ofLevel: level).enumerated().flatMap { index, name in
                Parameter.convolution(
                    name + ".conv", from: index == 0 ? channels : width, to: width, kernel: 3,
                    bias: false) + Parameter.batchNorm(name + ".bn", width)
            }
        }
        return Parameter.pyramid(from: stages, to: channels) + branches
            + Parameter.convolution("decode_head.conv_seg", from: width, to: classes, kernel: 1)
    }
}

// MARK: - Graph

extension SemanticFPN {
    public var graph: Graph {
        var graph = Graph(input: Tensor(map: resolution, channels: 3))
        let levels = addPyramid(to: &graph)
        var sum = branch(&graph, levels[0], 0)
        for level in levels.indices.dropFirst() {
            let x = branch(&graph, levels[level], level)
            sum = graph.add(.add, [sum, x], label: "decode_head.sum.\(level)")
        }
        let logits = graph.linear(sum, Linear("decode_head.conv_seg", from: width, to: classes))
        graph.returns(logits)
        graph.returns(
            graph.add(.labels, [logits], map: resolution, channels: 1, label: "labels"))
        return graph.choosingConvolutions(convolutions)
    }

    /// A level at the finest one's size.
    private func branch(_ graph: inout Graph, _ level: Int, _ index: Int) -> Int {
        var x = level
        for name in branch(ofLevel: index) {
            x = graph.convolution(x, name + ".conv", to: width, hasBias: false)
            x = graph.add(.batchNorm(parameter: name + ".bn"), [x], label: name + ".bn")
            x = graph.relu(x, behind: name)
            guard index > 0 else { continue }
            x = graph.resize(x, to: graph.tensors[x].map.multiplied(by: 2), behind: name)
        }
        let finest = backbone.map(ofStage: 0)
        guard graph.tensors[x].map != finest else { return x }
        return graph.resize(x, to: finest, behind: "decode_head.scale_heads.\(index)")
    }
}

extension Graph {
    fileprivate mutating func resize(_ x: Int, to map: Resolution, behind name: String) -> Int {
        add(.resize, [x], map: map, label: name + ".resize")
    }
}
