import Graphs
import Networks

/// What detectors and segmenters are compared with: whole networks, and the single steps between
/// raw outputs and results. Tests/Oracle/make_head_fixtures.py says what each kind holds.
public enum HeadCase: Decodable, Sendable {
    case network(HeadNetworkCase)
    case roiAlign(RoIAlignCase)
    case roiLevels(RoILevelsCase)
    case decode(DecodeCase)
    case suppression(SuppressionCase)
    case paste(PasteCase)
    case resize(ResizeCase)
    case retina(RetinaCase)
    case proposals(ProposalsCase)
    case regions(RegionsCase)
    case labelMap(LabelMapCase)

    public static func load() throws -> Fixture<Self> { try Fixture("heads") }

    private enum Kind: String, Decodable {
        case network, decode, nms, paste, nearest, bilinear, retina, proposals, regions
        case roiAlign = "roi_align"
        case roiLevels = "roi_levels"
        case labelMap = "label_map"
    }

    private enum Key: String, CodingKey { case kind }

    /// Decoding fails for a kind that is not listed.
    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: Key.self).decode(Kind.self, forKey: .kind) {
        case .network: self = .network(try HeadNetworkCase(from: decoder))
        case .roiAlign: self = .roiAlign(try RoIAlignCase(from: decoder))
        case .roiLevels: self = .roiLevels(try RoILevelsCase(from: decoder))
        case .decode: self = .decode(try DecodeCase(from: decoder))
        case .nms: self = .suppression(try SuppressionCase(from: decoder))
        case .paste: self = .paste(try PasteCase(from: decoder))
        case .nearest, .bilinear: self = .resize(try ResizeCase(from: decoder))
        case .retina: self = .retina(try RetinaCase(from: decoder))
        case .proposals: self = .proposals(try ProposalsCase(from: decoder))
        case .regions: self = .regions(try RegionsCase(from: decoder))
        case .labelMap: self = .labelMap(try LabelMapCase(from: decoder))
        }
    }
}

extension Fixture where Case == HeadCase {
    public var networks: [HeadNetworkCase] {
        cases.compactMap { if case .network(let item) = $0 { item } else { nil } }
    }
    public var roiAligns: [RoIAlignCase] {
        cases.compactMap { if case .roiAlign(let item) = $0 { item } else { nil } }
    }
    public var roiLevels: [RoILevelsCase] {
        cases.compactMap { if case .roiLevels(let item) = $0 { item } else { nil } }
    }
    public var decodings: [DecodeCase] {
        cases.compactMap { if case .decode(let item) = $0 { item } else { nil } }
    }
    public var suppressions: [SuppressionCase] {
        cases.compactMap { if case .suppression(let item) = $0 { item } else { nil } }
    }
    public var pastes: [PasteCase] {
        cases.compactMap { if case .paste(let item) = $0 { item } else { nil } }
    }
    public var resizes: [ResizeCase] {
        cases.compactMap { if case .resize(let item) = $0 { item } else { nil } }
    }
    public var retinas: [RetinaCase] {
        cases.compactMap { if case .retina(let item) = $0 { item } else { nil } }
    }
    public var proposals: [ProposalsCase] {
        cases.compactMap { if case .proposals(let item) = $0 { item } else { nil } }
    }
    public var regions: [RegionsCase] {
        cases.compactMap { if case .regions(let item) = $0 { item } else { nil } }
    }
    public var labelMaps: [LabelMapCase] {
        cases.compactMap { if case .labelMap(let item) = $0 { item } else { nil } }
    }
}

// MARK: - Single steps

/// RoIAlign on one map: every `sampleStride`-th value of boxes×channels×side×side.
public struct RoIAlignCase: Decodable, Sendable {
    public let id: String
    public let seed: UInt64
    public let side, stride, channels, height, width, sampleStride: Int

    /// Channels by height by width.
    public var planes: [Float] {
        seededInputs(batch: 1, count: channels * height * width, seed: seed)[0]
    }
}

/// The level of each box, from 0.
public struct RoILevelsCase: Decodable, Sendable {
    public let id: String
    public let levels: [Int]
}

/// Boxes moved by deltas and clipped.
public struct DecodeCase: Decodable, Sendable {
    public let id: String
    public let content: [Int]
    public let stds: [Float]
}

/// Which boxes stay, by falling score.
public struct SuppressionCase: Decodable, Sendable {
    public let id: String
    public let threshold: Float
    public let most: Int
    public let groups, kept: [Int]
}

/// Masks of 28×28 in a picture.
public struct PasteCase: Decodable, Sendable {
    public let id: String
    public let seed: UInt64
    public let height, width: Int
    public let masks: String

    /// Of every box.
    public func probabilities(boxes: Int) -> [Float] {
        SeededValues(seed: seed, name: "input").values(784 * boxes, center: 0.5, scale: 0.5)
    }
}

/// A map at another size.
public struct ResizeCase: Decodable, Sendable {
    public enum Kind: String, Decodable, Sendable { case nearest, bilinear }

    public let id: String
    public let kind: Kind
    public let seed: UInt64
    public let channels, height, width, newHeight, newWidth: Int

    public var planes: [Float] {
        seededInputs(batch: 1, count: channels * height * width, seed: seed)[0]
    }
    public var map: Resolution { Resolution(height: height, width: width) }
    public var resized: Resolution { Resolution(height: newHeight, width: newWidth) }
}

/// One era's detections.
public struct StepResult: Decodable, Sendable {
    public let era: Int
    public let labels: [Int]
}

/// Raw outputs of a seed: [center, scale] of logits and deltas.
public protocol RawOutputCase {
    var id: String { get }
    var seed: UInt64 { get }
    var logits: [Double] { get }
    var deltas: [Double] { get }
}

extension RawOutputCase {
    public func logits(_ count: Int) -> [Float] { values("logits", count, logits) }
    public func deltas(_ count: Int) -> [Float] { values("deltas", count, deltas) }

    private func values(_ name: String, _ count: Int, _ range: [Double]) -> [Float] {
        SeededValues(seed: seed, name: name).values(count, center: range[0], scale: range[1])
    }
}

/// RetinaNet's way from logits to detections.
public struct RetinaCase: Decodable, Sendable, RawOutputCase {
    public let id: String
    public let seed: UInt64
    public let sizes: [[Int]]
    public let content, original: [Int]
    public let classes: Int
    public let logits, deltas: [Double]
    public let results: [StepResult]

    public var levels: [PyramidLevel] { .levels(sizes, finest: 8) }
}

/// The way from logits to proposals.
public struct ProposalsCase: Decodable, Sendable, RawOutputCase {
    public let id: String
    public let seed: UInt64
    public let sizes: [[Int]]
    public let content: [Int]
    public let logits, deltas: [Double]
    public let counts: [String: Int]

    public var levels: [PyramidLevel] { .levels(sizes, finest: 4) }
}

/// The way from what the box head says of proposals to detections.
public struct RegionsCase: Decodable, Sendable, RawOutputCase {
    public let id: String
    public let seed: UInt64
    public let classes: Int
    public let content, original: [Int]
    public let logits, deltas: [Double]
    public let results: [StepResult]
}

/// The class of each pixel, and where it is sure.
public struct LabelMapCase: Decodable, Sendable {
    public let id: String
    public let seed: UInt64
    public let classes, height, width: Int
    public let input, original: [Int]
    public let logits: [Double]
    public let labels, sure: String

    /// Classes by height by width.
    public var planes: [Float] {
        SeededValues(seed: seed, name: "logits")
            .values(classes * height * width, center: logits[0], scale: logits[1])
    }
}

extension [PyramidLevel] {
    fileprivate static func levels(_ sizes: [[Int]], finest: Int) -> [PyramidLevel] {
        sizes.enumerated().map { index, size in
            PyramidLevel(
                map: Resolution(height: size[0], width: size[1]), stride: finest << index)
        }
    }
}
