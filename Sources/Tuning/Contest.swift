import Kernels
import Planning

/// The timed kernels of one shape.
struct Contest: Sendable {
    struct Entry: Sendable {
        let kernel: Kernel
        let time: KernelTime
    }

    let computation: Computation
    let entries: [Entry]
    /// That of the plan as it is.
    private let current: Entry
    let winner: Entry
    /// Steps of the network that do this work.
    private let uses: Int

    /// nil when the plan's own kernel was not timed.
    init?(_ computation: Computation, entries: [Entry], own: Kernel, uses: Int) {
        guard let current = entries.first(where: { $0.kernel == own }),
            let winner = entries.min(by: { $0.time.quartile < $1.time.quartile })
        else { return nil }
        self.computation = computation
        self.entries = entries
        self.current = current
        self.winner = winner
        self.uses = uses
    }

    /// Time of the plan's kernel by that of the winner.
    var gain: Double { current.time.quartile / winner.time.quartile }

    /// Milliseconds that the winner saves in a pass.
    var savedTime: Double {
        Double(uses) * (current.time.quartile - winner.time.quartile)
    }

    func entry(_ kernel: Kernel) -> Entry? { entries.first { $0.kernel == kernel } }

    /// What a variant makes of it.
    func choice(_ variant: Variant) -> TuningResult.Choice? {
        guard let chosen = variant.kernel(for: computation).flatMap({ entry($0) }) else {
            return nil
        }
        return TuningResult.Choice(
            kernel: chosen.time.name, candidates: entries.count, before: current.time.peakShare,
            after: chosen.time.peakShare)
    }
}
