import Tuning

/// What `tune` prints.
struct TuningReport: Encodable {
    let changed: Bool
    let choices: [TuningResult.Choice]
    let rejections: [TuningResult.Rejection]
    /// Milliseconds of the whole network; nil when no new plan was confirmed.
    let network: TuningResult.Confirmation?

    init(_ result: TuningResult, wasChanged: Bool) {
        changed = wasChanged
        choices = result.choices
        rejections = result.rejections
        network = result.confirmation
    }

    func print(json: Bool) throws {
        try json ? Console.print(json: self) : Console.print(text)
    }

    private var text: String {
        var table = Table([
            ("kernel", .left), ("timed", .right), ("before", .right), ("after", .right),
        ])
        for choice in choices {
            table.add([
                choice.kernel, "\(choice.candidates)", percent(choice.before),
                percent(choice.after),
            ])
        }
        let wrong = rejections.map { "dropped, since it is wrong: \($0.kernel): \($0.problem)" }
        let ending =
            network.map {
                "network: \(decimal($0.before, 3)) ms before, \(decimal($0.after, 3)) ms after, "
                    + "\(decimal($0.ratio, 3)) times as fast"
            } ?? (changed ? "the plan is the cost model's" : "the plan stays as it was")
        return ((choices.isEmpty ? [] : [table.text]) + wrong + [ending]).joined(separator: "\n")
    }

    private func percent(_ share: Double) -> String { "\(decimal(100 * share, 1)) %" }
}
