import HiLoKit

/// What there is to say of each kernel of a plan, for tables and reports.
struct PlanRow {
    let kernel: Kernel
    let words: KernelWords
    /// What it computes besides the operator it is called after.
    let fused: [String]
    /// Types of what it reads and writes: `bf16, f32 -> f32`.
    let types: String
    /// The steps that call it.
    let steps: [Int]
    /// All calls together: packed weights, tokens of `batch` images, multiply-accumulates of one.
    let weightBytes, tokenBytes, macs: Int
    /// Of one call.
    let prediction: Prediction
    /// Of all calls.
    var predictedMilliseconds: Double { 1000 * prediction.seconds * Double(steps.count) }

    /// One row a kernel, in the plan's order.
    static func rows(of pass: PassOfPlan, on machine: MachineModel, batch: Int) -> [PlanRow] {
        let predictions = pass.variant.predictions(
            on: machine, weightBytes: 4 * pass.plan.weightFloats, batch: batch)
        return pass.variant.kernels.indices.compactMap { index in
            let steps = pass.pass.steps.indices.filter { pass.pass.steps[$0].kernel == index }
            return steps.isEmpty
                ? nil : PlanRow(index, steps, of: pass, predictions[index], batch: batch)
        }
    }

    private init(
        _ index: Int, _ steps: [Int], of pass: PassOfPlan, _ prediction: Prediction, batch: Int
    ) {
        kernel = pass.variant.kernels[index]
        self.steps = steps
        let packed = steps.flatMap { pass.plan.weights(of: pass.pass.steps[$0]) }
        words = kernel.words(on: pass.variant.isa)
        types = kernel.computation.operands.types
        fused = (packed.first?.packing.fused ?? []) + words.fused
        weightBytes = 4 * packed.reduce(0) { $0 + $1.count }
        tokenBytes = (kernel.traffic.input + kernel.traffic.output) * batch * steps.count
        macs = kernel.macs * steps.count
        self.prediction = prediction
    }
}

extension Packing {
    /// What went into the weights.
    fileprivate var fused: [String] {
        guard case .panels(let linears) = self else { return [] }
        return (linears.count > 1 ? ["\(linears.count) linears"] : [])
            + (linears.contains { $0.batchNorm != nil } ? ["BatchNorm"] : [])
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

extension Operands {
    fileprivate var types: String {
        func names(_ operands: [Operand]) -> String {
            operands.map(\.type.rawValue).joined(separator: ", ")
        }
        return "\(names(inputs)) -> \(names(outputs))"
    }
}
