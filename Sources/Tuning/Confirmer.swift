import Foundation
import HiLoKit
import Kernels
import Planning

/// Compares whole networks: a kernel that wins alone can still lose in the company of the others.
struct Confirmer: Sendable {
    let search: Search
    /// A library with the steps of the plan as it is.
    let base: GeneratedLibrary
    /// When there must be an answer.
    let end: Double

    private static let pairs = 5
    private static let seconds = 0.4

    /// The first of these sets with which the network is not slower: all kernels, the half that
    /// saves most, the better half of that, and so on to none.
    ///
    /// - Parameter kernels: those that save most come first.
    func confirm(_ kernels: [Kernel]) async throws
        -> (kept: [Kernel], confirmation: TuningResult.Confirmation?)
    {
        var kept = kernels
        var lastTrial = 0.0
        var trial = 0
        while !kept.isEmpty, search.budget.elapsed + lastTrial < end {
            search.show("confirming \(kept.count) choices", trial, of: trial + 1)
            let start = search.budget.elapsed
            let plan = try search.tuned(kept)
            let id = "trial\(trial)"
            // The time may run out in between; then nothing is confirmed.
            let outcome = try await search.budget.until(end) { try await compare(plan, id) }
            guard let outcome else { break }
            if outcome.ratio >= 1 { return (kept, outcome) }
            kept = Array(kept.prefix(kept.count / 2))
            lastTrial = search.budget.elapsed - start
            trial += 1
        }
        return ([], nil)
    }

    private func compare(_ plan: Plan, _ id: String) async throws -> TuningResult.Confirmation {
        let library = try await search.workshop.build(id, plan)
        let before = timing(base)
        let after = timing(library)
        var times: (before: [Double], after: [Double]) = ([], [])
        for pair in 0..<Self.pairs {
            // Each of the two goes first half of the time.
            for isAfter in pair % 2 == 0 ? [false, true] : [true, false] {
                if isAfter {
                    times.after.append(
                        try await after.networkTime(
                            weights: search.weightsFile, seconds: Self.seconds))
                } else {
                    times.before.append(
                        try await before.networkTime(
                            weights: search.weightsFile, seconds: Self.seconds))
                }
            }
        }
        return TuningResult.Confirmation(
            before: median(times.before), after: median(times.after),
            ratio: median(zip(times.before, times.after).map { $0 / $1 }))
    }

    private func timing(_ library: GeneratedLibrary) -> HarnessTiming {
        HarnessTiming(
            library: library, threads: search.options.threads, batch: search.options.batch)
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
