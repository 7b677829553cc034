import Foundation
import HiLoKit
import Tuning

/// A plan with the layers that stay wider, and the calibration that says so.
struct Calibrated {
    let plan: Plan
    /// nil where none is given.
    let calibration: Calibration?

    /// Reads or records a calibration, and measures which layers stay wider unless a file says it.
    ///
    /// - Parameters:
    ///   - weights: of the plan's network.
    ///   - source: nil where none is given.
    /// - Throws: `UsageError` for images that have nothing to say beside a plan; `LiftingError` when no layers are
    ///   enough; errors of files and builds.
    init(
        _ plan: Plan, _ weights: WeightSource.Matched, _ source: CalibrationSource?,
        options: PlanOptions, _ flags: CalibrationOption
    ) async throws {
        guard let source else {
            (self.plan, calibration) = (plan, nil)
            return
        }
        try Self.check(source, plan, isPlanned: options.plan != nil)
        let recorded = try await source.calibration(
            of: plan.network, weights, for: plan.target.precision)
        let settled = try await Self.settled(
            recorded, plan, weights, source, isPlanned: options.plan != nil, flags)
        self.plan = try await options.plan(plan, keeping: settled.kept)
        calibration = settled
    }

    /// A plan says what is kept, and images have nothing else to say for bf16.
    private static func check(
        _ source: CalibrationSource, _ plan: Plan, isPlanned: Bool
    ) throws {
        if case .file = source { return }
        guard isPlanned, plan.target.precision == .bf16 else { return }
        throw UsageError(
            "--calibration: --plan says which layers stay wider, and bf16 has no scales; leave one of them out"
        )
    }

    private static func settled(
        _ recorded: Calibration, _ plan: Plan, _ weights: WeightSource.Matched,
        _ source: CalibrationSource, isPlanned: Bool, _ flags: CalibrationOption
    ) async throws -> Calibration {
        if isPlanned {
            return recorded.kept == plan.target.kept
                ? recorded : recorded.keeping(plan.target.kept)
        }
        if case .file(let path) = source {
            if flags.maxDrop == nil, recorded.agreement == nil {
                Console.note(
                    "\(path) was recorded without measuring what \(recorded.precision.rawValue) changes; "
                        + "give the pictures or the array again to hold --max-drop \(CalibrationOption.usualDrop)"
                )
            }
            return try flags.reused(recorded, from: path)
        }
        let maxDrop = flags.maxDrop ?? CalibrationOption.usualDrop
        guard maxDrop < 1, let images = try source.comparedImages() else { return recorded }
        let lifter = try Lifter(
            plan.network, weights, recorded, images: images, compiler: try await .find())
        return try await ProgressLine.during { line in
            try await lifter.lift(maxDrop: maxDrop) { line.show($0, of: $1, $2) }
        }
    }
}

// MARK: - Words

extension KeptLayer {
    /// Why it is kept.
    var reason: String {
        error.map {
            "\(narrower.rawValue) in it alone moves the outputs by \(decimal(100 * $0, 2)) %"
        }
            ?? "the plan says so"
    }

    var sentence: String { "in \(type.rawValue): \(layer), because \(reason)" }
}

extension Calibration {
    /// What was decided, a line each.
    var decisions: [String] {
        let agreements = agreement.map { agreement in
            agreement.sentence
                + (kept.isEmpty
                    ? ""
                    : ", \(agreement.words(agreement.costWithoutKept)) with all layers of \(precision.rawValue)")
        }
        return [agreements].compactMap { $0 } + kept.map { "kept \($0.sentence)" }
    }
}

extension Calibration.Agreement {
    fileprivate var sentence: String {
        switch cost {
        case .answers: "agreement: \(words(cost)) of \(images) images answered as in f32"
        case .maps:
            "agreement: on \(images) images the error is, of the power in f32, \(words(cost))"
        }
    }

    fileprivate func words(_ cost: Calibration.Cost) -> String {
        switch cost {
        case .answers(let differing): "\(images - differing)"
        case .maps(let error):
            String(format: "%.3g %%", 100 * error)
                + (error > 0 ? " (\(decimal(-10 * log10(error), 1)) dB)" : "")
        }
    }
}

extension Target {
    /// The precision, and what is not of it.
    var precisionText: String {
        precision.rawValue
            + KeptLayer.types.map { type in
                let layers = layers(keptIn: type)
                return layers.isEmpty
                    ? "" : "; in \(type.rawValue) \(layers.joined(separator: ", "))"
            }.joined()
    }
}
