import Foundation
import Networks

/// A network as `--precision int8` computes it, fake-quantised in PyTorch: what it rounds, what its
/// products sum up, and its outputs.
public struct QuantisedCase: Decodable, Sendable, CustomStringConvertible {
    /// A tensor that is rounded to integers, or else to bf16.
    public struct Rounded: Decodable, Sendable {
        /// Of the step that writes it.
        public let label: String
        public let isInteger: Bool
        /// Values so near the middle between two that another single precision may round them to the
        /// other one: nearer than four of PyTorch's largest errors in this tensor.
        public let near: [Int]
    }

    /// A product of integers.
    public struct Product: Decodable, Sendable {
        public enum After: String, Decodable, Sendable { case none, residual, gelu }

        /// Of its step.
        public let label: String
        /// What is done with sums and bias.
        public let after: After
    }

    public let id: String
    public let model: ModelGeometry
    public let isBackbone: Bool
    public let height: Int
    public let width: Int
    public let seed: UInt64
    /// The checksum of the packed file whose scales and matrices these are.
    public let packed: String
    /// The products whose inputs have scales and offsets.
    public let scales: [String]
    public let rounded: [Rounded]
    public let products: [Product]
    public var description: String { id }

    public static func load() throws -> Fixture<Self> { try Fixture("quantised") }

    /// The network; all cases have one name.
    public func network() throws -> Network {
        Network(
            try isBackbone
                ? model.backbone(name: "net", height: height, width: width)
                : model.network(name: "net", height: height, width: width))
    }

    /// What HiLo recorded for it.
    public var calibrationFile: URL {
        fixtureFolder.appending(path: "quantised/\(id).calibration.json")
    }
}
