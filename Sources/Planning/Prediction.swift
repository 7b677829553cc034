import Kernels
import Machines

/// How long one call of a kernel should take: the slowest of its bounds, and what a step costs.
///
/// The roofline model (Williams, Waterman and Patterson, CACM 2009) with a roof for each level of
/// memory. It takes for granted that all levels work at once, so it errs on the fast side.
public struct Prediction: Sendable, Equatable {
    /// What limits a kernel.
    public enum Bound: String, Sendable, CaseIterable { case compute, l1, l2, l3, memory, overhead }

    /// Seconds that each part of the machine is busy.
    public let bounds: [Bound: Double]

    /// Of one call.
    public var seconds: Double { slowest.seconds + (bounds[.overhead] ?? 0) }

    /// The part that is busy longest; the overhead where it is longer than all work.
    public var limit: Bound {
        (bounds[.overhead] ?? 0) > slowest.seconds ? .overhead : slowest.bound
    }

    private var slowest: (bound: Bound, seconds: Double) {
        Bound.allCases.filter { $0 != .overhead }
            .map { ($0, bounds[$0] ?? 0) }
            .reduce((.compute, 0)) { $1.1 > $0.1 ? $1 : $0 }
    }
}

extension Variant {
    /// Predictions of one call of each kernel, in the order of `kernels`.
    ///
    /// - Parameters:
    ///   - weightBytes: of the whole network.
    ///   - batch: images of the call.
    public func predictions(
        on machine: MachineModel, weightBytes: Int, batch: Int = 1
    ) -> [Prediction] {
        let forecast = Forecast(machine: machine, batch: batch, weightBytes: weightBytes)
        return kernels.map { forecast.prediction(of: $0) }
    }
}

extension Plan {
    /// Seconds of a whole pass.
    public func predictedSeconds(
        _ variant: Variant, _ pass: Pass, on machine: MachineModel, batch: Int = 1
    ) -> Double {
        let calls = variant.predictions(
            on: machine, weightBytes: weightBytes, batch: batch)
        return pass.steps.reduce(0) { $0 + calls[$1.kernel].seconds }
    }
}

private struct Forecast {
    let machine: MachineModel
    let batch: Int
    /// Of the whole network: they decide whether weights survive from one pass to the next.
    let weightBytes: Int

    /// Share of the peak that inner loops keep when nothing else is in the way.
    static let sustained = 0.92

    func prediction(of kernel: Kernel) -> Prediction {
        let work = kernel.work(on: machine.isa, batch: batch)
        // The thread with the most units decides.
        let units = max(1, work.units)
        let share = Double((units + machine.cores - 1) / machine.cores) / Double(units)
        let vectorRate = machine.peak / Double(2 * machine.isa.lanes)
        var bounds: [Prediction.Bound: Double] = [
            .compute: share * (work.fmas + work.operations) / (vectorRate * Self.sustained),
            .l1: share * work.accesses * Double(4 * machine.isa.lanes) / machine.l1.bandwidth,
            .l2: share * work.l2Bytes / machine.l2.bandwidth,
            .overhead: machine.stepOverhead,
        ]
        let traffic = kernel.traffic
        add((traffic.input + traffic.output) * batch, residing: tokenHome(traffic), to: &bounds)
        add(traffic.weights, residing: home(weightBytes), to: &bounds)
        return Prediction(bounds: bounds)
    }

    private func tokenHome(_ traffic: Traffic) -> Prediction.Bound? {
        let bytes = (traffic.input + traffic.output) * batch
        return bytes <= machine.cores * machine.l2.capacity ? nil : home(bytes)
    }

    /// Where so many bytes come from, when they do not fit L2.
    private func home(_ bytes: Int) -> Prediction.Bound? {
        if bytes <= machine.l2.capacity { return nil }
        return bytes <= machine.l3.capacity ? .l3 : .memory
    }

    /// What comes from memory passes L3 too.
    private func add(
        _ bytes: Int, residing home: Prediction.Bound?, to bounds: inout [Prediction.Bound: Double]
    ) {
        guard let home else { return }
        let share = Double(bytes) / Double(machine.cores)
        bounds[.l3, default: 0] += share / machine.l3.bandwidth
        if home == .memory { bounds[.memory, default: 0] += share / machine.memoryBandwidth }
    }
}
