import Graphs
import Networks

/// What templates must know of a detector's or a segmenter's results.
struct ResultFacts: Sendable {
    let scale: PictureScale
    let classes: Int
    /// Which of the network's outputs holds detections; nil where there are none.
    private(set) var detectionsOutput: Int?
    private(set) var mostDetections = 0
    private(set) var isSecondEra = false
    /// Which of the outputs holds logits of masks, and how many a mask has.
    private(set) var masksOutput: Int?
    private(set) var maskPoints = 0

    /// nil of a network whose outputs are its results.
    init?(_ network: Network) {
        let graph = network.graph
        let results = graph.outputs.enumerated().compactMap { index, tensor in
            graph.producer(of: tensor).map { (index, graph.nodes[$0]) }
        }
        guard let node = results.map(\.1).first(where: { $0.operation.givesResults }),
            let scale = network.pictureScale
        else { return nil }
        self.scale = scale
        classes = node.operation.detectionRule?.classes ?? graph.tensors[node.inputs[0]].channels
        for (index, node) in results {
            if let rule = node.operation.detectionRule {
                (detectionsOutput, mostDetections) = (index, rule.most)
                isSecondEra = rule.era == .two
            } else if case .maskLogits = node.operation {
                masksOutput = index
                maskPoints = graph.tensors[node.output].channels
            }
        }
    }
}

extension Operation {
    /// Of detections: their classes, how many there are at most, and what they follow.
    fileprivate var detectionRule: (classes: Int, most: Int, era: Era)? {
        switch self {
        case .detections(let rule): (rule.classes, rule.most, rule.era)
        case .regionDetections(let rule): (rule.classes, rule.most, rule.era)
        default: nil
        }
    }

    fileprivate var givesResults: Bool { self == .labels || detectionRule != nil }
}
