import Evaluation
import Foundation
import Graphs
import HiLoKit
import Planning

/// Which layers stay in wider types, found by the logits of libraries that keep some.
struct LayerChoice {
    /// The logits of images, computed in single precision or with integers in all layers but those that are kept.
    enum Library: Equatable {
        case f32
        case int8(kept: [KeptLayer])
    }

    /// The step by which layers are lifted.
    struct Level {
        let type: Graphs.ElementType
        /// What can be kept, in the order of the network.
        let layers: [String]
    }

    typealias Logits = (_ library: Library, _ images: [Int], _ what: String) async throws -> [Float]

    /// First of integers to bf16; then, where all layers of bf16 are not enough, to single precision.
    let levels: [Level]
    let classes: Int
    let images: Int
    let maxDrop: Double
    /// Builds and runs a library; `what` says in words which.
    let logits: Logits

    /// Images for what one layer does. A mean over all their logits needs no more; counting answers does.
    private static let mostImagesALayer = 64

    /// The layers that are kept, the widest and those that lose most first, and the agreement with them.
    ///
    /// - Throws: `LiftingError` when all layers are not enough; what `logits` throws.
    func choose() async throws -> (kept: [KeptLayer], agreement: Calibration.Agreement) {
        let expected = try await logits(.f32, Array(0..<images), "f32")
        let whole = try await differing(from: expected, keeping: [], "int8")
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
        _ ranked: [KeptLayer], over others: [KeptLayer], _ expected: [Float], _ before: Int
    ) async throws -> (kept: [KeptLayer], differing: Int) {
        var found: [Int: Int] = [:]
        var last = before
        let count = try await Self.fewest(of: ranked.count) { count in
            let type = ranked[0].type.rawValue
            last = try await differing(
                from: expected, keeping: ranked.prefix(count).over(others),
                "\(count) of \(ranked.count) layers lifted to \(type) (before, \(words(last)))")
            found[count] = last
            return holds(last)
        }
        let kept = ranked.prefix(count ?? ranked.count).over(others)
        return (kept, count.flatMap { found[$0] } ?? last)
    }

    private func holds(_ differing: Int) -> Bool {
        Calibration.Agreement.holds(differing, of: images, maxDrop: maxDrop)
    }

    private func agreement(_ differing: Int, _ whole: Int) -> Calibration.Agreement {
        Calibration.Agreement(
            maxDrop: maxDrop, images: images, differing: differing, differingWithoutKept: whole)
    }

    /// Each layer of a level with how far it alone moves the logits, those that do most first.
    private func ranking(
        _ level: Level, over kept: [KeptLayer], _ expected: [Float], _ before: Int
    ) async throws -> [KeptLayer] {
        let most = min(images, Self.mostImagesALayer)
        let some = (0..<most).map { $0 * images / most }
        let wanted = some.flatMap { expected[$0 * classes..<($0 + 1) * classes] }
        var shares: [Double] = []
        for (index, layer) in level.layers.enumerated() {
            let others = level.layers.filter { $0 != layer }.map { KeptLayer($0, in: level.type) }
            let moved = try await logits(
                .int8(kept: others[...].over(kept)), some,
                "layer \(index + 1) of \(level.layers.count) alone (all, \(words(before)))")
            shares.append(LogitDifference(moved, from: wanted, classes: classes).share)
        }
        // Of equals the first comes first.
        return level.layers.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }.map { index in
            // So many digits say all.
            let digits = Double(String(format: "%.3g", shares[index]))
            return KeptLayer(level.layers[index], in: level.type, error: digits ?? shares[index])
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

    /// Images with another answer than in single precision.
    private func differing(
        from expected: [Float], keeping kept: [KeptLayer], _ what: String
    ) async throws -> Int {
        let found = try await logits(.int8(kept: kept), Array(0..<images), what)
        var agreement = ClassificationAgreement()
        for start in stride(from: 0, to: found.count, by: classes) {
            let image = start..<start + classes
            agreement.add(Array(found[image]), Array(expected[image]))
        }
        return agreement.images - agreement.sameBest
    }

    // MARK: - Words

    private func words(_ differing: Int) -> String {
        "\(String(format: "%.1f", 100 * (1 - Double(differing) / Double(images)))) % agree"
    }

    private func failure(_ whole: Int, _ lifted: Int) -> LiftingError {
        // Rounded up, so that it holds.
        let enough = (Double(whole) / Double(images) * 1000).rounded(.up) / 1000
        let widest = levels.last?.type.rawValue ?? "int8"
        return LiftingError(
            description: """
                --max-drop \(String(format: "%g", maxDrop)): of \(images) images \(whole) are answered otherwise \
                than in f32 with int8, and \(lifted) still with all layers in \(widest); give more images, \
                --max-drop \(enough), which int8 holds as it is, or --precision f32
                """)
    }
}

extension ArraySlice<KeptLayer> {
    /// These, and of others those that keep other layers.
    fileprivate func over(_ others: [KeptLayer]) -> [KeptLayer] {
        let names = Set(map(\.layer))
        return self + others.filter { !names.contains($0.layer) }
    }
}

/// Why a promise of how many answers integers may change cannot be kept.
public struct LiftingError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
