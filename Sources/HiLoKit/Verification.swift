/// What the verification of a library found.
public struct Verification: Sendable, Encodable {
    /// A kernel, or one image through the whole network, against double precision.
    public struct Comparison: Sendable, Codable {
        public let name: String
        public let passed: Bool
        /// The largest difference; nil when nothing could be compared or it is not finite.
        public let error: Double?
        /// The difference that is allowed.
        public let bound: Double?
        /// What went wrong.
        public let problem: String?
    }

    /// The promises of the library's header.
    public struct Interface: Sendable, Encodable {
        public let checks: Int
        /// The promises that were not kept.
        public let failures: [String]

        public var passed: Bool { checks > 0 && failures.isEmpty }

        /// Those of both.
        static func + (left: Interface, right: Interface) -> Interface {
            Interface(
                checks: left.checks + right.checks, failures: left.failures + right.failures)
        }
    }

    /// Of the random inputs.
    public let seed: UInt64
    public let kernels: [Comparison]
    /// Kernels of instruction sets that this CPU lacks.
    public let skipped: [String]
    public let interface: Interface
    /// One for each image.
    public let network: [Comparison]

    /// Checks that failed. A part in which nothing ran counts as one.
    public var failed: Int {
        [kernels, network].reduce(0) { $0 + ($1.isEmpty ? 1 : $1.count { !$0.passed }) }
            + (interface.checks > 0 ? interface.failures.count : 1)
    }

    public var count: Int { kernels.count + interface.checks + network.count }
    public var passed: Bool { failed == 0 }
}

/// Where the weights of the reference come from.
public enum ReferenceSource: Sendable, CustomStringConvertible {
    /// A checkpoint that the library is claimed to hold.
    case checkpoint(Checkpoint)
    case seed(UInt64)
    /// The library's own packed weights: packing itself is then not verified.
    case packed

    public var description: String {
        switch self {
        case .checkpoint(let checkpoint): "the checkpoint \(checkpoint.path)"
        case .seed(let seed): "seed \(seed)"
        case .packed: "the library's own packed weights"
        }
    }
}
