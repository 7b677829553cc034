import Foundation
import Graphs
import Networks
import Planning

extension Plan {
    /// Names what packed weights fit: the computation, the precision, the layout and the format's
    /// version. Weights do not depend on the resolution, nor on what the library is called.
    public var fingerprint: String {
        let identity = Identity(
            format: Plan.formatVersion, precision: target.precision, network: network.identity,
            kept: kept(in: .bf16), keptInF32: kept(in: .f32),
            layout: target.precision == .int8 ? Self.integerLayout : nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let data = try? encoder.encode(identity) else {
            preconditionFailure("names and numbers can be encoded")
        }
        return String(fnv1a(data), radix: 16).leftPadded(to: 16)
    }

    /// How integers and what goes with them are packed: one more with each change that leaves the weights of other
    /// precisions as they are.
    private static let integerLayout = 2

    /// Whatever was measured, and in whatever order they stand; nil for none.
    private func kept(in type: ElementType) -> [String]? {
        let layers = target.layers(keptIn: type)
        return layers.isEmpty ? nil : layers.sorted()
    }

    private struct Identity: Encodable {
        let format: Int
        let precision: Precision
        let network: NetworkIdentity
        /// Layers in bf16, and in single precision, among narrower ones.
        let kept, keptInF32: [String]?
        /// nil for that of the format.
        let layout: Int?
    }
}

/// 64-bit FNV-1a: tells apart what differs by accident; it is no protection against intent.
func fnv1a(_ data: some Sequence<UInt8>) -> UInt64 {
    data.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
