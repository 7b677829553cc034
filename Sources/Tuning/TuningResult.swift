import Planning

/// How much work goes into a search.
public enum Effort: String, Sendable, CaseIterable {
    /// The cost model's choice, without measuring.
    case estimate
    /// What the cost model finds promising.
    case measure
    /// Every tiling that the registers allow.
    case patient

    /// Kernels to build for each shape.
    var candidates: Int {
        switch self {
        case .estimate: 1
        case .measure: 6
        case .patient: .max
        }
    }

    /// Measurements of each kernel.
    var rounds: Int { self == .patient ? 31 : 15 }
}

/// Where a search stands.
public struct TuningProgress: Sendable {
    public let stage: String
    public let done: Int
    public let total: Int
    /// Time before by time after of the shape that gained most so far.
    public let best: Double?
}

/// What a search found.
public struct TuningResult: Sendable {
    /// Of one shape.
    public struct Choice: Sendable, Encodable {
        /// The kernel that was chosen.
        public let kernel: String
        /// Kernels that were timed.
        public let candidates: Int
        /// Of the peak, with the plan as it was and as it is now.
        public let before, after: Double
    }

    /// A kernel that was wrong and therefore not timed.
    public struct Rejection: Sendable, Encodable {
        public let kernel, problem: String
    }

    /// The whole network as it was and with the new plan, medians by turns.
    public struct Confirmation: Sendable, Encodable {
        public let before, after: Double
        /// The median of before by after.
        public let ratio: Double
    }

    public internal(set) var plan: Plan
    public let choices: [Choice]
    public let rejections: [Rejection]
    /// nil when the plan stayed as it was.
    public let confirmation: Confirmation?
    public let records: [TuningRecord]
    /// Why less was done than asked for.
    public let remarks: [String]

    static func unchanged(_ plan: Plan, _ remark: String) -> TuningResult {
        TuningResult(
            plan: plan, choices: [], rejections: [], confirmation: nil, records: [],
            remarks: [remark])
    }
}
