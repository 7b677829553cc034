import Foundation
import Kernels
import Planning

/// The kernel that was the best one for its work on a machine.
public struct TuningRecord: Sendable, Equatable, Codable {
    public let machine: Machine
    /// Images of one call when it was measured.
    public let batch: Int
    public let kernel: Kernel
    /// Of the machine's multiply-adds, 0 to 1.
    public let peakShare: Double
    /// Time of the cost model's choice by its own.
    public let gain: Double
    /// Seconds since 1970.
    public let date: Int

    public init(
        machine: Machine, batch: Int, kernel: Kernel, peakShare: Double, gain: Double, date: Int
    ) {
        self.machine = machine
        self.batch = batch
        self.kernel = kernel
        self.peakShare = peakShare
        self.gain = gain
        self.date = date
    }

    /// What only one record can be about.
    struct Key: Hashable {
        let machine: Machine
        let batch: Int
        let computation: Computation
    }

    /// The date for comparisons: one in the future, from a clock that was wrong, says nothing and
    /// counts as the oldest. Clocks of machines that share a file may differ by a day.
    func comparableDate(at now: Int) -> Int { date > now + 86_400 ? .min : date }

    var key: Key { Key(machine: machine, batch: batch, computation: kernel.computation) }
}

/// Which of two records about the same is kept.
public enum MergeRule: Sendable {
    /// The added one.
    case replace
    /// The later one; of dates in the future the added one.
    case newer
}

extension [TuningRecord] {
    /// These records and `others`.
    func merged(with others: [TuningRecord], _ rule: MergeRule) -> [TuningRecord] {
        var result: [TuningRecord] = []
        var places: [TuningRecord.Key: Int] = [:]
        let now = Int(Date().timeIntervalSince1970)
        for record in self + others {
            guard let place = places[record.key] else {
                places[record.key] = result.count
                result.append(record)
                continue
            }
            let isLater =
                record.comparableDate(at: now) >= result[place].comparableDate(at: now)
            if rule == .replace || isLater { result[place] = record }
        }
        return result
    }

    /// What was measured on `machine` for `work` of `plan`; of several batches the latest that
    /// the target allows.
    ///
    /// - Returns: kernels that fit the machine's registers, whatever a file says.
    func kernels(for work: [Computation], of plan: Plan, on machine: Machine) -> [Kernel] {
        let wanted = Set(work)
        var latest: [Computation: TuningRecord] = [:]
        let now = Int(Date().timeIntervalSince1970)
        for record in self
        where record.machine == machine && record.batch <= plan.target.maxBatch {
            // Sizes from a file are looked at only when they are the plan's own.
            let computation = record.kernel.computation
            guard wanted.contains(computation),
                (try? record.kernel.check(on: machine.isa)) != nil
            else { continue }
            if let other = latest[computation],
                other.comparableDate(at: now) > record.comparableDate(at: now)
            {
                continue
            }
            latest[computation] = record
        }
        return work.compactMap { latest[$0]?.kernel }
    }
}
