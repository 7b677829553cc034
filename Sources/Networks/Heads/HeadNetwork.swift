import Graphs

/// A LITv2 backbone, a feature pyramid on its maps (FPN, arXiv 1612.03144), and heads on that.
///
/// Parameters have the names of the authors' checkpoints, which are those of mmsegmentation and
/// mmdetection.
protocol HeadNetwork: NetworkFamily {
    /// Its name and its resolution, that of the padded picture, are the network's.
    var backbone: LITv2 { get set }
    var classes: Int { get }
    /// What the classes are called; empty where nobody said it.
    var labels: [String] { get }
    /// Channels of the pyramid.
    var channels: Int { get }
    var convolutions: ConvolutionChoice { get }
    /// Of pictures, before they are padded.
    var scale: PictureScale { get }

    /// The first stage, from 1, whose map the pyramid is built on.
    static var firstStage: Int { get }
    /// What it adds to a name: `litv2_s_retinanet`.
    static var suffix: String { get }
    /// Parameters and multiply-accumulates behind the backbone.
    func headCosts(_ rule: CountingRule) -> [Cost]
    /// The parameters behind the backbone.
    var headParameters: [Parameter] { get }
    /// Adds backbone and pyramid.
    ///
    /// - Returns: the maps that heads read, the finest first.
    func addPyramid(to graph: inout Graph) -> [Int]
}

extension HeadNetwork {
    public var name: String { backbone.name }
    public var resolution: Resolution { backbone.resolution }
    public var image: EvaluationRecipe? { .fit }
    public var inputShape: [Int] { backbone.inputShape }
    public var labels: [String] { [] }
    public var pictureScale: PictureScale? { scale }
    public var pyramid: Network? { Network(PyramidNetwork(base: self)) }

    public var parameters: [Parameter] {
        backbone.parameters.map { Parameter("backbone." + $0.name, $0.shape) } + headParameters
    }

    /// As the authors' script counts.
    public var costs: [Cost] { costs(.script) }

    public func at(_ resolution: Resolution) throws -> Self {
        var network = self
        network.backbone = try backbone.at(resolution)
        try network.check()
        return network
    }

    func costs(_ rule: CountingRule) -> [Cost] {
        backbone.costs(rule) + headCosts(rule)
    }

    /// Numbers of the backbone's stages, from 0, that the pyramid takes.
    var pyramidStages: Range<Int> { Self.firstStage - 1..<backbone.stages.count }

    func addPyramid(to graph: inout Graph) -> [Int] {
        let maps = graph.maps(of: backbone, prefix: "backbone.")
        return graph.pyramid(on: maps, channels: channels)
    }

    func checkHeads() throws {
        try backbone.check()
        guard (Self.firstStage...6).contains(backbone.stages.count) else {
            throw NetworkError(
                "\(name): \(backbone.stages.count) stages; a pyramid takes \(Self.firstStage) to 6")
        }
        guard backbone.features?.stages == pyramidStages.map({ $0 + 1 }), backbone.classes == 0
        else {
            throw NetworkError("\(name): its backbone must return the maps that the pyramid takes")
        }
        try check(classes, "classes", 1...10_000)
        try check(channels, "channels of the pyramid", 1...4096)
        try check(scale.longSide, "long side of pictures", PictureScale.possibleSides)
        try check(scale.shortSide, "short side of pictures", 1...scale.longSide)
        guard labels.isEmpty || labels.count == classes else {
            throw NetworkError("\(name): \(labels.count) labels for \(classes) classes")
        }
    }

    func check(_ number: Int, _ what: String, _ range: ClosedRange<Int>) throws {
        guard range.contains(number) else {
            throw NetworkError(
                "\(name): \(what): \(number); \(range.lowerBound) to \(range.upperBound) are possible"
            )
        }
    }

    /// Everything that changes weights.
    ///
    /// - Parameter own: what only this kind of network has.
    func identity(_ own: String...) -> NetworkIdentity {
        let first = ["\(classes) classes", "pyramid \(channels)"]
        let last = ["convolutions \(convolutions.rawValue)"]
        return NetworkIdentity(Self.id, backbone.identity.structure + first + own + last)
    }

    var summaryOfBackbone: String {
        let depths = backbone.stages.map { String($0.depth) }.joined(separator: ", ")
        let windows = backbone.stages.compactMap { $0.attention?.window }
            .filter { $0 > 1 }.map(String.init)
        return "LITv2 of \(backbone.stages[0].channels) channels, \(depths) blocks"
            + (windows.isEmpty ? "" : ", window \(windows.joined(separator: ", "))")
            + ", on \(resolution) pixels"
    }
}

extension LITv2 {
    /// The backbone of a network with heads: the same stages, and their maps from `firstStage` on.
    func backbone(from firstStage: Int, normalisesFirst: Bool) throws -> LITv2 {
        guard stages.count >= firstStage else {
            throw NetworkError(
                "\(name): \(stages.count) stages; the heads need at least \(firstStage)")
        }
        return try LITv2(
            name: name, resolution: resolution, stages: stages,
            features: FeatureMaps(
                stages: Array(firstStage...stages.count),
                normalisesFirst: normalisesFirst && firstStage == 1),
            evaluation: .fit)
    }

    /// A stage's map, from 0, and how many pixels its tokens are apart.
    func level(ofStage index: Int) -> PyramidLevel {
        PyramidLevel(map: map(ofStage: index), stride: LITv2.patch << index)
    }
}

extension PyramidLevel {
    /// Every second token of it.
    var halved: PyramidLevel {
        PyramidLevel(map: map.dividedRoundingUp(by: 2), stride: 2 * stride)
    }
}

extension [PyramidLevel] {
    var maps: MapList { MapList(map(\.map)) }
}
