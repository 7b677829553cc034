import Foundation
import Graphs

/// RetinaNet (arXiv 1708.02002): two towers over all levels of a pyramid say for each of nine boxes a token
/// which classes it shows, and how it must be moved.
public struct RetinaNet: HeadNetwork {
    public static let id = "retinanet"
    static let firstStage = 2
    static let suffix = "retinanet"
    /// Levels behind the backbone's.
    static let extraLevels = 2
    /// Boxes that may be objects, of a token.
    public static let anchors = 9

    public internal(set) var backbone: LITv2
    public let classes: Int
    public let labels: [String]
    public let era: Era
    /// Of the pyramid and of the towers.
    public let channels: Int
    /// Convolutions of a tower.
    public let depth: Int
    public let convolutions: ConvolutionChoice
    public let scale: PictureScale

    /// - Parameter backbone: a LITv2 with any end; its stages are what counts.
    /// - Throws: `NetworkError` when the numbers do not make a network.
    public init(
        _ backbone: LITv2, classes: Int = 80, labels: [String] = [], era: Era = .three,
        channels: Int = 256, depth: Int = 4, convolutions: ConvolutionChoice = .automatic,
        scale: PictureScale? = nil
    ) throws {
        self.backbone = try backbone.backbone(from: Self.firstStage, normalisesFirst: false)
        self.classes = classes
        self.labels = labels
        self.era = era
        self.channels = channels
        self.depth = depth
        self.convolutions = convolutions
        self.scale = scale ?? .coco
        try check()
    }

    public func check() throws {
        try checkHeads()
        try check(depth, "convolutions of a tower", 0...16)
    }

    /// Strides 8 to 128 where the backbone has four stages.
    public var levels: [PyramidLevel] {
        var levels = pyramidStages.map { backbone.level(ofStage: $0) }
        for _ in 0..<Self.extraLevels { levels.append(levels[levels.count - 1].halved) }
        return levels
    }

    var rule: AnchorRule {
        AnchorRule(
            era: era, levels: levels, scales: [4, 4 * exp2(1 / 3), 4 * exp2(2 / 3)],
            classes: classes, scoreThreshold: 0.05, overlap: 0.5, most: 100)
    }

    public var outputs: [NetworkOutput] {
        let boxes = Self.anchors * levels.tokens
        return [
            NetworkOutput(.logits, shape: [boxes, classes], dimensions: "anchors, classes"),
            NetworkOutput(.deltas, shape: [boxes, 4], dimensions: "anchors, coordinates"),
            .detections(rule.most),
        ]
    }

    public var summary: String {
        "RetinaNet on \(summaryOfBackbone); \(classes) classes, pyramid of \(channels) channels, "
            + "as mmdet \(era.rawValue)"
    }

    public var inputRule: InputRule? { scale == .coco ? .coco : nil }

    public var identity: NetworkIdentity { identity("towers \(depth)") }

    var headParameters: [Parameter] {
        let stages = pyramidStages.map { backbone.stages[$0].channels }
        let head = "bbox_head."
        return Parameter.pyramid(from: stages, to: channels, extra: Self.extraLevels)
            + Parameter.tower(head + "cls_convs", depth: depth, channels: channels)
            + Parameter.tower(head + "reg_convs", depth: depth, channels: channels)
            + Parameter.convolution(
                head + "retina_cls", from: channels, to: Self.anchors * classes, kernel: 3)
            + Parameter.convolution(
                head + "retina_reg", from: channels, to: Self.anchors * 4, kernel: 3)
    }
}

// MARK: - Graph

extension RetinaNet {
    public var graph: Graph {
        var graph = Graph(input: Tensor(map: resolution, channels: 3))
        let pyramid = graph.stack(addPyramid(to: &graph))
        let logits = head(
            &graph, pyramid, tower: "cls_convs", "retina_cls", to: Self.anchors * classes)
        let deltas = head(&graph, pyramid, tower: "reg_convs", "retina_reg", to: Self.anchors * 4)
        graph.returns(graph.detections(rule, logits: logits, deltas: deltas))
        return graph.choosingConvolutions(convolutions)
    }

    func addPyramid(to graph: inout Graph) -> [Int] {
        let maps = graph.maps(of: backbone, prefix: "backbone.")
        var levels = graph.pyramid(on: maps, channels: channels)
        // The first takes the backbone's last map, and no ReLU stands between them.
        var last = maps[maps.count - 1]
        for _ in 0..<Self.extraLevels {
            last = graph.convolution(
                last, "neck.fpn_convs.\(levels.count).conv", to: channels, stride: 2)
            levels.append(last)
        }
        return levels
    }

    private func head(
        _ graph: inout Graph, _ pyramid: Int, tower: String, _ name: String, to outputs: Int
    ) -> Int {
        let maps = levels.maps
        let x = graph.tower(pyramid, "bbox_head.\(tower)", depth: depth, maps: maps)
        let y = graph.convolution(x, "bbox_head.\(name)", maps: maps, to: outputs)
        graph.returns(y)
        return y
    }
}

extension Graph {
    mutating func candidates(_ rule: AnchorRule, logits: Int, label: String) -> Int {
        add(
            .candidates(rule), [logits], map: .rows(1), channels: rule.candidateFloats,
            label: label)
    }

    fileprivate mutating func detections(_ rule: AnchorRule, logits: Int, deltas: Int) -> Int {
        let candidates = candidates(rule, logits: logits, label: "candidates")
        return add(
            .detections(rule), [candidates, logits, deltas], map: .rows(rule.most),
            channels: AnchorRule.detectionWidth, label: "detections")
    }
}
