import Evaluation
import Foundation
import HiLoKit
import Planning

/// Which layers stay in bf16, found by the logits of libraries that keep some.
struct LayerChoice {
    /// The logits of images, computed in single precision or with integers in all layers but those that are kept.
    enum Library: Equatable {
        case f32
        case int8(kept: [KeptLayer])
    }

    typealias Logits = (_ library: Library, _ images: [Int], _ what: String) async throws -> [Float]

    /// What can be kept, in the order of the network.
    let layers: [String]
    let classes: Int
    let images: Int
    let maxDrop: Double
    /// Builds and runs a library; `what` says in words which.
    let logits: Logits

    /// Images for what one layer does. A mean over all their logits needs no more; counting answers does.
    private static let mostImagesALayer = 64

    /// The layers that are kept, those that lose most first, and the agreement with them.
    ///
    /// - Throws: `LiftingError` when all layers are not enough; what `logits` throws.
    func choose() async throws -> (kept: [KeptLayer], agreement: Calibration.Agreement) {
        let expected = try await logits(.f32, Array(0..<images), "f32")
        let whole = try await differing(from: expected, keeping: [], "int8")
        guard !holds(whole) else { return ([], agreement(whole, whole)) }
        let ranked = try await ranking(expected, whole)
        var found: [Int: Int] = [:]
        var last = whole
        let count = try await Self.fewest(of: ranked.count) { count in
            last = try await differing(
                from: expected, keeping: Array(ranked.prefix(count)),
                "\(count) of \(ranked.count) layers lifted (before, \(words(last)))")
            found[count] = last
            return holds(last)
        }
        guard let count, let differing = found[count] else { throw failure(whole, last) }
        return (Array(ranked.prefix(count)), agreement(differing, whole))
    }

    private func holds(_ differing: Int) -> Bool {
        Calibration.Agreement.holds(differing, of: images, maxDrop: maxDrop)
    }

    private func agreement(_ differing: Int, _ whole: Int) -> Calibration.Agreement {
        Calibration.Agreement(
            maxDrop: maxDrop, images: images, differing: differing, differingWithoutKept: whole)
    }

    /// Each layer with how far it alone moves the logits, those that do most first.
    private func ranking(_ expected: [Float], _ whole: Int) async throws -> [KeptLayer] {
        let most = min(images, Self.mostImagesALayer)
        let some = (0..<most).map { $0 * images / most }
        let wanted = some.flatMap { expected[$0 * classes..<($0 + 1) * classes] }
        var shares: [Double] = []
        for (index, layer) in layers.enumerated() {
            let others = layers.filter { $0 != layer }.map { KeptLayer($0) }
            let moved = try await logits(
                .int8(kept: others), some,
                "layer \(index + 1) of \(layers.count) alone (all, \(words(whole)))")
            shares.append(LogitDifference(moved, from: wanted, classes: classes).share)
        }
        // Of equals the first comes first.
        return layers.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }.map { index in
            // So many digits say all.
            let digits = Double(String(format: "%.3g", shares[index]))
            return KeptLayer(layers[index], error: digits ?? shares[index])
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
        return LiftingError(
            description:
                "--max-drop \(String(format: "%g", maxDrop)): of \(images) images \(whole) are answered otherwise than "
                + "in f32 with int8, and \(lifted) still with all \(layers.count) layers in bf16; give "
                + "more images, --max-drop \(enough), which int8 holds as it is, or --precision f32"
        )
    }
}

/// Why a promise of how many answers integers may change cannot be kept.
public struct LiftingError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
