import HiLoKit

/// What there is to say of each kernel of a plan, for tables and reports.
struct PlanRow {
    let kernel: Kernel
    let words: KernelWords
    /// The steps that call it.
    let steps: [Int]
    /// All calls together: packed weights, tokens of `batch` images, multiply-accumulates of one.
    let weightBytes, tokenBytes, macs: Int
    /// Of one call.
    let prediction: Prediction
    /// Of all calls.
    var predictedMilliseconds: Double { 1000 * prediction.seconds * Double(steps.count) }

    /// One row a kernel, in the plan's order.
    static func rows(of plan: Plan, on machine: MachineModel, batch: Int) -> [PlanRow] {
        let predictions = plan.predictions(on: machine, batch: batch)
        return plan.kernels.indices.map { index in
            PlanRow(index, of: plan, predictions[index], batch: batch)
        }
    }

    private init(_ index: Int, of plan: Plan, _ prediction: Prediction, batch: Int) {
        kernel = plan.kernels[index]
        steps = plan.steps.indices.filter { plan.steps[$0].kernel == index }
        let packed = steps.flatMap { plan.weights(of: plan.steps[$0]) }
        words = KernelWords(
            kernel, lanes: plan.target.isa.lanes, layout: packed.first?.layout)
        weightBytes = 4 * packed.reduce(0) { $0 + $1.count }
        tokenBytes = (kernel.traffic.input + kernel.traffic.output) * batch * steps.count
        macs = kernel.macs * steps.count
        self.prediction = prediction
    }
}

extension MachineModel {
    /// The numbers that predictions rest on.
    var summary: String {
        func gigabytes(_ bandwidth: Double) -> String { "\(decimal(bandwidth / 1e9, 0)) GB/s" }
        return "\(cores) \(cores == 1 ? "core" : "cores"), each \(decimal(peak / 1e9, 0)) GFLOP/s, "
            + "L1 \(byteCount(l1.capacity)) \(gigabytes(l1.bandwidth)), "
            + "L2 \(byteCount(l2.capacity)) \(gigabytes(l2.bandwidth)), "
            + "L3 \(byteCount(l3.capacity)) for all \(gigabytes(l3.bandwidth)), "
            + "memory \(gigabytes(memoryBandwidth))"
    }
}
