import Foundation
import HiLoKit
import Kernels
import Machines
import Planning

/// One search from building candidates to the plan.
struct Search: Sendable {
    let plan: Plan
    /// What the planner alone would choose.
    let model: Plan
    let weightsFile: URL
    let workshop: Workshop
    let machine: Machine
    let options: Tuner.Options
    let budget: TimeBudget
    let progress: Tuner.Progress?

    /// Shares of the time for the search by which candidates are built and have been measured.
    private static let buildingShare = 0.35
    private static let measuringShare = 0.5
    /// A kernel that gains less is within the noise and not worth another library.
    private static let leastGain = 1.01

    func run() async throws -> TuningResult {
        show("building the plan's kernels", 0, of: 1)
        let start = budget.elapsed
        let first: Void? = try await budget.until(budget.limit) {
            try await workshop.compile(variant.kernels, of: plan)
        }
        guard first != nil else { return .unchanged(plan, tooShort) }
        let end = budget.limit - finalBuild(secondsOfKernels: budget.elapsed - start)
        let found = try await budget.until(end) {
            let (candidates, library) = try await buildCandidates(until: end)
            let stop = budget.moment(Self.measuringShare, ofTimeUntil: end)
            let measured = try await measure(candidates, in: library, until: stop)
            return (library, measured, candidates.count)
        }
        guard let (library, measured, count) = found else { return .unchanged(plan, tooShort) }
        return try await conclude(measured, of: count, against: library, until: end)
    }

    /// Seconds to build the library with its new plan. Other files take half as long as kernels.
    private func finalBuild(secondsOfKernels seconds: Double) -> Double {
        let files = Generator(plan).files().count { $0.path.hasSuffix(".c") }
        let kernels = Double(variant.kernels.count)
        return seconds * (1 + 0.5 * (Double(files) - kernels) / kernels)
    }

    /// Whose kernels are sought.
    private var variant: Variant { plan.variants[0] }
    private var isa: ISA { variant.isa }

    private var tooShort: String {
        "\(Int(budget.limit)) s are too short to tune this library here; it stays as it is"
    }

    /// The plan of those winners that the whole network confirms.
    private func conclude(
        _ measured: Measurements, of computations: Int, against library: GeneratedLibrary,
        until end: Double
    ) async throws -> TuningResult {
        let winners = measured.contests.filter { $0.gain >= Self.leastGain }
            .sorted { $0.savedTime > $1.savedTime }
        let confirmer = Confirmer(search: self, base: library, end: end)
        let (kept, confirmation) = try await confirmer.confirm(winners.map(\.winner.kernel))
        let decided = try tuned(kept)
        var remarks: [String] = []
        let left = computations - measured.contests.count
        if left > 0 { remarks.append("no time was left for \(left) of \(computations) shapes") }
        if kept.count < winners.count {
            remarks.append(
                "\(winners.count - kept.count) of \(winners.count) gains were not confirmed by "
                    + "the whole network in the time there was")
        }
        return TuningResult(
            plan: decided, choices: measured.contests.compactMap { $0.choice(decided.variants[0]) },
            rejections: measured.rejections, confirmation: confirmation,
            records: measured.contests.compactMap { record($0, decided.variants[0]) },
            remarks: remarks)
    }

    /// The plan with other kernels for their work.
    func tuned(_ kernels: [Kernel]) throws -> Plan {
        var decisions = Decisions(of: plan)
        for kernel in kernels { decisions.adopt(kernel, on: isa) }
        return try plan.replanned(with: decisions)
    }

    func show(_ stage: String, _ done: Int, of total: Int, best: Double? = nil) {
        progress?(TuningProgress(stage: stage, done: done, total: total, best: best))
    }

    private func record(_ contest: Contest, _ decided: Variant) -> TuningRecord? {
        guard let kernel = decided.kernel(for: contest.computation),
            let entry = contest.entry(kernel)
        else { return nil }
        let reference = model.variants[0].kernel(for: contest.computation).flatMap {
            contest.entry($0)
        }
        return TuningRecord(
            machine: machine, batch: options.batch, kernel: kernel,
            peakShare: entry.time.peakShare,
            gain: (reference?.time.quartile ?? entry.time.quartile) / entry.time.quartile,
            date: Int(Date().timeIntervalSince1970))
    }
}

// MARK: - Building

extension Search {
    typealias Candidates = [(computation: Computation, kernels: [Kernel])]

    /// Compiles candidates, the best of every shape first, until the time for it is over.
    private func buildCandidates(until end: Double) async throws -> (Candidates, GeneratedLibrary) {
        let wanted = candidates()
        let stop = budget.moment(Self.buildingShare, ofTimeUntil: end)
        let waves = wanted.map(\.kernels.count).max() ?? 0
        var depth = 0
        // The plan's own kernels are compiled; one wave more gives at least something to compare.
        while depth < waves, depth < 2 || budget.elapsed < stop {
            show("building candidates", depth, of: waves)
            let wave = wanted.compactMap { $0.kernels.dropFirst(depth).first }
            try await workshop.compile(wave, of: adding(wave))
            depth += 1
        }
        let built = wanted.map {
            (computation: $0.computation, kernels: Array($0.kernels.prefix(depth)))
        }
        show("building candidates", waves, of: waves)
        return (built, try await workshop.build("candidates", adding(built.flatMap(\.kernels))))
    }

    private func candidates() -> Candidates {
        let setting = Setting(
            machine: MachineModel(isa: isa, cores: options.threads), batch: options.batch,
            maxBatch: plan.target.maxBatch)
        return variant.tunable.map { computation in
            let compulsory = [plan, model].compactMap {
                $0.variants[0].kernel(for: computation)
            }
            return (
                computation,
                computation.candidates(
                    setting, limit: options.effort.candidates, compulsory: compulsory)
            )
        }
    }

    /// The plan with kernels that no step uses.
    private func adding(_ kernels: [Kernel]) -> Plan {
        var result = plan
        let present = Set(variant.kernels)
        result.variants[0].kernels += kernels.filter { !present.contains($0) }
        return result
    }
}

// MARK: - Measuring

extension Search {
    typealias Measurements = (contests: [Contest], rejections: [TuningResult.Rejection])

    private func measure(
        _ candidates: Candidates, in library: GeneratedLibrary, until stop: Double
    ) async throws -> Measurements {
        let harness = HarnessTiming(
            library: library, threads: options.threads, batch: options.batch)
        var found: Measurements = ([], [])
        for (index, (computation, kernels)) in candidates.enumerated() where budget.elapsed < stop {
            show(
                "timing", index, of: candidates.count, best: found.contests.map(\.gain).max())
            let share = budget.moment(1 / Double(candidates.count - index), ofTimeUntil: stop)
            var sound: [Kernel] = []
            for kernel in kernels {
                // What cannot be verified in time is not timed either.
                if sound.count >= 2, budget.elapsed >= share { break }
                guard let problem = try await harness.problem(of: name(kernel)) else {
                    sound.append(kernel)
                    continue
                }
                found.rejections.append(.init(kernel: name(kernel), problem: problem))
            }
            let seconds = max(0.2, share - budget.elapsed)
            if let contest = try await contest(computation, sound, harness, seconds) {
                found.contests.append(contest)
            }
        }
        return found
    }

    private func contest(
        _ computation: Computation, _ kernels: [Kernel], _ harness: HarnessTiming, _ seconds: Double
    ) async throws -> Contest? {
        guard let own = variant.kernel(for: computation), kernels.contains(own) else { return nil }
        let times = try await harness.times(
            of: kernels.map(name), rounds: options.effort.rounds, seconds: seconds)
        let byName = Dictionary(times.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        return Contest(
            computation,
            entries: kernels.compactMap { kernel in
                byName[name(kernel)].map { Contest.Entry(kernel: kernel, time: $0) }
            }, own: own, uses: variant.uses(of: own))
    }

    private func name(_ kernel: Kernel) -> String {
        kernel.functionName(model: plan.network.name, isa: isa)
    }
}
