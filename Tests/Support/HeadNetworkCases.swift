import Foundation
import Graphs
import Networks

/// A segmenter or detector with seeded weights, but for the last layers: `scales` of their weights
/// are in the manifest, their biases are tensors.
public struct HeadNetworkCase: Decodable, Sendable, CustomStringConvertible {
    public struct Scale: Decodable, Sendable {
        public let name: String
        public let scale: Double
    }

    /// A raw output over the whole batch, of which a sample is stored in double precision.
    public struct Output: Decodable, Sendable {
        public let name: String
        /// N×C×H×W, or N×anchors×….
        public let shape: [Int]
        public let stride: Int
        /// Root of the mean square of PyTorch's own error in float32, over the stored values.
        public let fp32RmsError: Double
        /// Of the whole output.
        public let statistics: MapStatistics

        /// What is stored of the whole output.
        public func sample<Value>(of values: [Value]) -> [Value] {
            Swift.stride(from: 0, to: values.count, by: stride).map { values[$0] }
        }
    }

    /// One image's results in one era.
    public struct Result: Decodable, Sendable {
        public let image: Int
        /// Nil of a label map.
        public let era: Int?
        /// Classes of detections.
        public let classes: [Int]
        /// Classes of pixels, and which of them are sure; empty of detections.
        public let map: [UInt8]
        public let sure: [Bool]
        /// Of all masks; nil where there are none.
        public let maskAreas: [Int]?
        /// Bits of the first ones.
        public let masks: String?
        public let roiRows: [Int]?
    }

    public let id: String
    public let task: HeadOptions.Task
    public let model: ModelGeometry
    public let classes, channels, segmentChannels, fcWidth: Int
    public let input, content, original: [Int]
    public let seed: UInt64
    public let batch: Int
    /// Whether its backbone is a published one.
    public let large: Bool
    public let scales: [Scale]
    public let outputs: [Output]
    public let results: [Result]

    public var description: String { id }
    public var resolution: Resolution { Resolution(height: input[0], width: input[1]) }
    /// Whether all of the input is picture.
    public var isWhole: Bool { content == input }

    /// What `make test` leaves out: published sizes, and further maps and numbers of classes.
    public var isLong: Bool {
        large
            || ![
                "detect_even", "detect_nothing", "detect_crowded", "detect_batch",
                "detect_odd_padded", "instances_even", "instances_odd_padded", "segment_even",
                "segment_odd", "detect_nan_class",
                "detect_nan_boxes", "instances_nan_masks", "instances_nan_scores", "segment_nan",
            ].contains(id)
    }

    /// All cases have one name, so that their libraries share kernels.
    public func network(
        era: Era = .three, convolutions: ConvolutionChoice = .automatic
    ) throws -> Network {
        let backbone = try model.backbone(name: "net", height: input[0], width: input[1])
        switch task {
        case .segment:
            return Network(
                try SemanticFPN(
                    backbone, classes: classes, channels: channels, width: segmentChannels,
                    convolutions: convolutions, normalisesFirst: model.firstNorm ?? false))
        case .detect:
            return Network(
                try RetinaNet(
                    backbone, classes: classes, era: era, channels: channels,
                    convolutions: convolutions))
        case .instances:
            return Network(
                try MaskRCNN(
                    backbone, classes: classes, era: era, channels: channels, width: fcWidth,
                    convolutions: convolutions))
        }
    }

    public func weights(_ fixture: Fixture<HeadCase>) throws -> [String: [Float]] {
        let parameters = try network().parameters
        var weights = seededWeights(parameters, seed: seed)
        for item in scales {
            guard let values = weights[item.name] else {
                throw FixtureError("\(id): no parameter \(item.name)")
            }
            weights[item.name] = SeededValues(seed: seed, name: item.name)
                .values(values.count, scale: item.scale)
            let bias = item.name.replacing(".weight", with: ".bias")
            weights[bias] = try fixture.required("\(id).parameter.\(bias)").floats
        }
        return weights
    }

    public func images() -> [[Float]] {
        seededInputs(batch: batch, count: 3 * input[0] * input[1], seed: seed)
    }

    /// Those of an era; of segmenters all.
    public func results(_ era: Era) -> [Result] {
        results.filter { $0.era == nil || $0.era == era.rawValue }
    }
}

extension HeadNetworkCase.Output {
    private enum Key: String, CodingKey { case name, shape, stride, fp32RmsError }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        name = try fields.decode(String.self, forKey: .name)
        shape = try fields.decode([Int].self, forKey: .shape)
        stride = try fields.decode(Int.self, forKey: .stride)
        fp32RmsError = try fields.decode(Double.self, forKey: .fp32RmsError)
        statistics = try MapStatistics(from: decoder)
    }
}

extension HeadNetworkCase.Result {
    private enum Key: String, CodingKey {
        case image, era, labels, sure, maskAreas, masks, roiRows
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        image = try fields.decode(Int.self, forKey: .image)
        era = try fields.decodeIfPresent(Int.self, forKey: .era)
        maskAreas = try fields.decodeIfPresent([Int].self, forKey: .maskAreas)
        masks = try fields.decodeIfPresent(String.self, forKey: .masks)
        roiRows = try fields.decodeIfPresent([Int].self, forKey: .roiRows)
        if era == nil {
            classes = []
            map = bytes(ofText: try fields.decode(String.self, forKey: .labels))
            sure = bits(ofText: try fields.decode(String.self, forKey: .sure))
        } else {
            classes = try fields.decode([Int].self, forKey: .labels)
            (map, sure) = ([], [])
        }
    }
}

extension HeadOptions.Task: Decodable {}

/// Of base64.
public func bytes(ofText text: String) -> [UInt8] {
    Data(base64Encoded: text).map(Array.init) ?? []
}

/// Bits of base64, the first in the highest of a byte.
public func bits(ofText text: String) -> [Bool] {
    bytes(ofText: text).flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 == 1 } }
}
