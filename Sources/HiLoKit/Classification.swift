import Reference

/// The most probable classes of one image.
public struct Classification: Sendable, Encodable {
    public struct Candidate: Sendable, Encodable {
        /// 0-based.
        public let index: Int
        /// nil without a list of names.
        public let label: String?
        /// Softmax of the logits.
        public let probability: Double

        private enum CodingKeys: String, CodingKey {
            case index = "class"
            case label, probability
        }
    }

    /// The most probable first; of equals the lower class.
    public let top: [Candidate]

    /// - Parameters:
    ///   - logits: one a class.
    ///   - count: candidates to keep, at most.
    ///   - labels: one a class, or none.
    public init(logits: some Sequence<Float>, top count: Int, labels: [String] = []) {
        let probabilities = Operators.softmax(logits.map { Double($0) })
        top = probabilities.indices
            .sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
            .prefix(count)
            .map {
                Candidate(
                    index: $0, label: $0 < labels.count ? labels[$0] : nil,
                    probability: probabilities[$0])
            }
    }
}
