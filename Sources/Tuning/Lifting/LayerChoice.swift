import Foundation
import Graphs
import HiLoKit
import Planning

/// Which layers stay in wider types, found by the outputs of libraries that keep some.
struct LayerChoice {
    /// Computed in single precision, or in a narrow one in all layers but those that are kept.
    enum Library: Equatable {
        case f32
        case narrow(kept: [KeptLayer])
    }

    /// The step by which layers are lifted.
    struct Level {
        let type: ElementType
        /// What can be kept, in the order of the network.
        let layers: [String]
    }

    typealias Run = (_ library: Library, _ images: [Int], _ what: String) async throws -> Outputs

    /// The narrow precision.
    let precision: Precision
    /// Of integers first to bf16; then, where all layers of bf16 are not enough, to single precision.
    let levels: [Level]
    let measure: OutputMeasure
    let images: Int
    let maxDrop: Double
    /// Builds and runs a library; `what` says in words which.
    let run: Run

    /// Images for what one layer does. A mean over all their outputs needs no more; counting answers does.
    private static let mostImagesALayer = 64

    /// The layers that are kept, the widest and those that lose most first, and the agreement with them.
    ///
    /// - Throws: `LiftingError` when all layers are not enough; what `run` throws.
    func choose() async throws -> (kept: [KeptLayer], agreement: Calibration.Agreement) {
        let expected = try await run(.f32, Array(0..<images), "f32")
        guard measure.areFinite(expected) else {
            throw LiftingError(
                description:
                    "in f32 the network's outputs are not finite for some image of the calibration, so "
                    + "\(precision.rawValue) cannot be compared with it; use other weights or images, or --max-drop 1"
            )
        }
        let whole = try await cost(keeping: [], beside: expected, precision.rawValue)
        guard !holds(whole) else { return ([], agreement(whole, whole)) }
        var (kept, last) = ([KeptLayer](), whole)
        for level in levels {
            let ranked = try await ranking(level, over: kept, expected, last)
            (kept, last) = try await lifted(ranked, over: kept, expected, last)
            if holds(last) { return (kept, agreement(last, whole)) }
        }
        throw failure(whole, last)
    }

    /// As few of the first layers as are enough, or all, with those that other levels keep.
    private func lifted(
        _ ranked: [KeptLayer], over others: [KeptLayer], _ expected: Outputs,
        _ before: Calibration.Cost
    ) async throws -> (kept: [KeptLayer], cost: Calibration.Cost) {
        var found: [Int: Calibration.Cost] = [:]
        var last = before
        let count = try await Self.fewest(of: ranked.count) { count in
            let type = ranked[0].type.rawValue
            last = try await cost(
                keeping: ranked.prefix(count).over(others), beside: expected,
                "\(count) of \(ranked.count) layers lifted to \(type) (before, \(words(last)))")
            found[count] = last
            return holds(last)
        }
        let kept = ranked.prefix(count ?? ranked.count).over(others)
        return (kept, count.flatMap { found[$0] } ?? last)
    }

    private func holds(_ cost: Calibration.Cost) -> Bool {
        cost.share(ofImages: images) <= maxDrop
    }

    private func agreement(
        _ cost: Calibration.Cost, _ whole: Calibration.Cost
    ) -> Calibration.Agreement {
        Calibration.Agreement(
            maxDrop: maxDrop, images: images, cost: cost, costWithoutKept: whole)
    }

    /// Each layer of a level with how far it alone moves the outputs, those that do most first.
    private func ranking(
        _ level: Level, over kept: [KeptLayer], _ expected: Outputs, _ before: Calibration.Cost
    ) async throws -> [KeptLayer] {
        let most = min(images, Self.mostImagesALayer)
        let some = (0..<most).map { $0 * images / most }
        let wanted = most == images ? expected : measure.outputs(expected, ofImages: some)
        var movements: [Double] = []
        for (index, layer) in level.layers.enumerated() {
            let others = level.layers.filter { $0 != layer }.map { KeptLayer($0, in: level.type) }
            let moved = try await run(
                .narrow(kept: others[...].over(kept)), some,
                "layer \(index + 1) of \(level.layers.count) alone (all, \(words(before)))")
            movements.append(measure.movement(of: moved, beside: wanted))
        }
        // Of equals the first comes first.
        return level.layers.indices.sorted { (movements[$1], $0) < (movements[$0], $1) }.map {
            // So many digits say all.
            let digits = Double(String(format: "%.3g", movements[$0]))
            return KeptLayer(level.layers[$0], in: level.type, error: digits ?? movements[$0])
        }
    }

    /// The fewest of the first ones that are enough: doubled until they are, then halved between. nil when all
    /// are not.
    static func fewest(
        of total: Int, _ areEnough: (Int) async throws -> Bool
    ) async throws -> Int? {
        var few = 0, many = 1
        while try await !areEnough(many) {
            guard many < total else { return nil }
            (few, many) = (many, min(2 * many, total))
        }
        while many - few > 1 {
            let middle = (few + many) / 2
            if try await areEnough(middle) { many = middle } else { few = middle }
        }
        return many
    }

    private func cost(
        keeping kept: [KeptLayer], beside expected: Outputs, _ what: String
    ) async throws -> Calibration.Cost {
        measure.cost(
            of: try await run(.narrow(kept: kept), Array(0..<images), what), beside: expected)
    }

    // MARK: - Words

    private func words(_ cost: Calibration.Cost) -> String {
        let share = cost.share(ofImages: images)
        return switch cost {
        case .answers: "\(percent(1 - share)) agree"
        case .maps: "an error of \(percent(share))"
        }
    }

    private func percent(_ share: Double) -> String { String(format: "%.3g %%", 100 * share) }

    private func failure(
        _ whole: Calibration.Cost, _ lifted: Calibration.Cost
    ) -> LiftingError {
        let (narrow, widest) = (precision.rawValue, levels.last?.type.rawValue ?? "")
        let found =
            switch (whole, lifted) {
            case (.answers(let whole), .answers(let lifted)):
                "of \(images) images \(whole) are answered otherwise than in f32 with \(narrow), and "
                    + "\(lifted) still with all layers in \(widest)"
            default:
                "the error is, of the power in f32, \(percent(whole.share(ofImages: images))) with \(narrow), and "
                    + "\(percent(lifted.share(ofImages: images))) still with all layers in \(widest)"
            }
        // Rounded up, so that it holds.
        let enough = (whole.share(ofImages: images) * 1000).rounded(.up) / 1000
        let looser = enough < 1 ? "--max-drop \(enough), which \(narrow) holds as it is, " : ""
        return LiftingError(
            description: "--max-drop \(String(format: "%g", maxDrop)): \(found); "
                + "give more images, \(looser)or --precision f32")
    }
}

extension ArraySlice<KeptLayer> {
    /// These, and of others those that keep other layers.
    fileprivate func over(_ others: [KeptLayer]) -> [KeptLayer] {
        let names = Set(map(\.layer))
        return self + others.filter { !names.contains($0.layer) }
    }
}

/// Why a promise of how much a narrow precision may change cannot be kept.
public struct LiftingError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
