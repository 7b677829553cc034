import Graphs

/// Mask R-CNN (arXiv 1703.06870): a head over all levels of a pyramid proposes boxes, a second one looks
/// into them and says what they show, and a third one draws its mask.
public struct MaskRCNN: HeadNetwork {
    public static let id = "maskrcnn"
    static let firstStage = 1
    static let suffix = "mask_rcnn"
    static let anchors = 3
    static let proposals = 1000
    static let detections = 100
    /// Sides of the maps of a box, in its head and in the masks'.
    static let boxBins = 7
    static let maskBins = 14

    public internal(set) var backbone: LITv2
    public let classes: Int
    public let labels: [String]
    public let era: Era
    /// Of the pyramid and of the convolutions on it.
    public let channels: Int
    /// Of the two fully connected layers of the boxes' head.
    public let width: Int
    /// Convolutions of the masks' head.
    public let depth: Int
    public let convolutions: ConvolutionChoice
    public let scale: PictureScale

    /// - Parameters:
    ///   - backbone: a LITv2 with any end; its stages are what counts.
    ///   - normalisesFirst: whether a LayerNorm stands behind the first stage too; the authors' have none.
    /// - Throws: `NetworkError` when the numbers do not make a network.
    public init(
        _ backbone: LITv2, classes: Int = 80, labels: [String] = [], era: Era = .three,
        channels: Int = 256, width: Int = 1024, depth: Int = 4,
        convolutions: ConvolutionChoice = .automatic, scale: PictureScale? = nil,
        normalisesFirst: Bool = false
    ) throws {
        self.backbone = try backbone.backbone(
            from: Self.firstStage, normalisesFirst: normalisesFirst)
        self.classes = classes
        self.labels = labels
        self.era = era
        self.channels = channels
        self.width = width
        self.depth = depth
        self.convolutions = convolutions
        self.scale = scale ?? .coco
        try check()
    }

    public func check() throws {
        try checkHeads()
        try check(depth, "convolutions of the masks' head", 0...16)
        try check(width, "width of the boxes' head", 1...65536)
    }

    /// The levels in which boxes are looked at; strides 4 to 32 where the backbone has four stages.
    public var boxLevels: [PyramidLevel] { pyramidStages.map { backbone.level(ofStage: $0) } }

    /// Those in which boxes are proposed: one more, every second token of the last.
    public var levels: [PyramidLevel] { boxLevels + [boxLevels[boxLevels.count - 1].halved] }

    var proposalRule: AnchorRule {
        AnchorRule(
            era: era, levels: levels, scales: [8], classes: 1, scoreThreshold: nil, overlap: 0.7,
            most: Self.proposals)
    }

    var regionRule: RegionRule {
        RegionRule(era: era, proposals: Self.proposals, classes: classes, most: Self.detections)
    }

    public var outputs: [NetworkOutput] {
        let (boxes, proposals) = (Self.anchors * levels.tokens, Self.proposals)
        let side = 2 * Self.maskBins
        return [
            NetworkOutput(.proposalLogits, shape: [boxes], dimensions: "anchors"),
            NetworkOutput(.proposalDeltas, shape: [boxes, 4], dimensions: "anchors, coordinates"),
            NetworkOutput(
                .proposals, shape: [proposals, AnchorRule.proposalWidth],
                dimensions: "proposals, values"),
            NetworkOutput(
                .logits, shape: [proposals, classes + 1], dimensions: "proposals, classes"),
            NetworkOutput(
                .deltas, shape: [proposals, 4 * classes],
                dimensions: "proposals, coordinates of classes"),
            .detections(Self.detections),
            NetworkOutput(
                .maskLogits, shape: [Self.detections, side, side],
                dimensions: "detections, height, width"),
        ]
    }

    public var summary: String {
        "Mask R-CNN on \(summaryOfBackbone); \(classes) classes, pyramid of \(channels) channels, "
            + "as mmdet \(era.rawValue)"
    }

    public var inputRule: InputRule? { scale == .coco ? .coco : nil }

    public var identity: NetworkIdentity { identity("boxes \(width)", "masks \(depth)") }

    var headParameters: [Parameter] {
        Parameter.pyramid(from: backbone.stages.map(\.channels), to: channels)
            + Parameter.convolution("rpn_head.rpn_conv", from: channels, to: channels, kernel: 3)
            + Parameter.convolution(
                "rpn_head.rpn_cls", from: channels, to: Self.anchors, kernel: 1)
            + Parameter.convolution(
                "rpn_head.rpn_reg", from: channels, to: 4 * Self.anchors, kernel: 1)
            + boxParameters + maskParameters
    }

    private var boxParameters: [Parameter] {
        let (name, inputs) = ("roi_head.bbox_head.", Self.boxBins * Self.boxBins * channels)
        return Parameter.linear(name + "shared_fcs.0", from: inputs, to: width)
            + Parameter.linear(name + "shared_fcs.1", from: width, to: width)
            + Parameter.linear(name + "fc_cls", from: width, to: classes + 1)
            + Parameter.linear(name + "fc_reg", from: width, to: 4 * classes)
    }

    private var maskParameters: [Parameter] {
        let name = "roi_head.mask_head."
        return Parameter.tower(name + "convs", depth: depth, channels: channels)
            // A transposed convolution is stored in×out.
            + Parameter.convolution(name + "upsample", from: channels, to: channels, kernel: 2)
            + Parameter.convolution(name + "conv_logits", from: channels, to: classes, kernel: 1)
    }
}

// MARK: - Graph

extension MaskRCNN {
    public var graph: Graph {
        var graph = Graph(input: Tensor(map: resolution, channels: 3))
        let levels = addPyramid(to: &graph)
        let coarsest = graph.add(
            .subsample, [levels[levels.count - 1]], map: self.levels[levels.count].map,
            label: "neck.subsample")
        let pyramid = graph.stack(levels + [coarsest])
        let proposals = propose(&graph, pyramid)
        let detections = detect(&graph, proposals, pyramid)
        graph.returns(draw(&graph, detections, pyramid))
        return graph.choosingConvolutions(convolutions)
    }

    private func propose(_ graph: inout Graph, _ pyramid: Int) -> Int {
        let name = "rpn_head.rpn_conv"
        let x = graph.relu(
            graph.convolution(pyramid, name, maps: levels.maps, to: channels), behind: name)
        let logits = graph.linear(
            x, Linear("rpn_head.rpn_cls", from: channels, to: Self.anchors))
        graph.returns(logits)
        let deltas = graph.linear(
            x, Linear("rpn_head.rpn_reg", from: channels, to: 4 * Self.anchors))
        graph.returns(deltas)
        let rule = proposalRule
        let candidates = graph.candidates(rule, logits: logits, label: "candidates")
        let proposals = graph.add(
            .proposals(rule), [candidates, logits, deltas], map: .rows(rule.most),
            channels: AnchorRule.proposalWidth, label: "proposals")
        graph.returns(proposals)
        return proposals
    }

    private func detect(_ graph: inout Graph, _ proposals: Int, _ pyramid: Int) -> Int {
        let align = RoIAlign(
            boxes: Self.proposals, boxWidth: AnchorRule.proposalWidth, boxColumn: 0,
            bins: Self.boxBins, levels: boxLevels)
        let (points, name) = (Self.boxBins * Self.boxBins, "roi_head.bbox_head.")
        var x = graph.add(
            .roiAlign(align), [proposals, pyramid], map: .rows(Self.proposals),
            channels: points * channels, label: "roi_head.bbox_roi_extractor")
        for (index, inputs) in [points * channels, width].enumerated() {
            let layer = Linear(
                name + "shared_fcs.\(index)", from: inputs, to: width,
                order: index == 0 ? .points(points) : .channels)
            x = graph.relu(graph.linear(x, layer), behind: layer.parameter)
        }
        let logits = graph.linear(x, Linear(name + "fc_cls", from: width, to: classes + 1))
        graph.returns(logits)
        let deltas = graph.linear(x, Linear(name + "fc_reg", from: width, to: 4 * classes))
        graph.returns(deltas)
        let detections = graph.add(
            .regionDetections(regionRule), [logits, deltas, proposals],
            map: .rows(Self.detections), channels: AnchorRule.detectionWidth, label: "detections")
        graph.returns(detections)
        return detections
    }

    /// Mask logits of each detection's class.
    private func draw(_ graph: inout Graph, _ detections: Int, _ pyramid: Int) -> Int {
        let align = RoIAlign(
            boxes: Self.detections, boxWidth: AnchorRule.detectionWidth,
            boxColumn: AnchorRule.detectionBox, bins: Self.maskBins, levels: boxLevels)
        let map = Resolution(height: Self.maskBins, width: Self.maskBins)
        let maps = MapList([map], copies: Self.detections)
        let name = "roi_head.mask_head."
        let rois = graph.add(
            .roiAlign(align), [detections, pyramid], map: maps.stacked, channels: channels,
            label: "roi_head.mask_roi_extractor")
        let x = graph.tower(rois, name + "convs", depth: depth, maps: maps)
        let upsample = Linear(
            name + "upsample", from: channels, to: 4 * channels, order: .transposed(points: 4))
        let points = graph.relu(graph.linear(x, upsample), behind: upsample.parameter)
        let mask = MaskLogits(
            name + "conv_logits", detections: Self.detections, classes: classes,
            side: Self.maskBins)
        return graph.add(
            .maskLogits(mask), [points, detections], map: .rows(Self.detections),
            channels: 4 * map.count, label: mask.parameter)
    }
}
