import HiLoKit

/// What a report rests on: a library's plan, how long its steps took, and on what machine.
struct Measurements {
    let pass: PassOfPlan
    let profile: GeneratedLibrary.Profile
    let cpu: HostCPU
    /// With the peak that was measured beside the steps.
    let machine: MachineModel
    let kernels: [MeasuredKernel]

    /// - Parameter machine: as far as it is known beside the peak.
    init(
        _ pass: PassOfPlan, _ profile: GeneratedLibrary.Profile, cpu: HostCPU,
        machine: MachineModel
    ) {
        self.pass = pass
        self.profile = profile
        self.cpu = cpu
        let machine = machine.measured(peak: 1e9 * profile.peakGigaflops / Double(profile.threads))
        self.machine = machine
        kernels = PlanRow.rows(of: pass, on: machine, batch: profile.batch)
            .map { MeasuredKernel($0, profile) }
            .sorted { $0.milliseconds > $1.milliseconds }
    }

    /// Of all steps.
    var milliseconds: Double { profile.stepMilliseconds.reduce(0, +) }
    var predictedMilliseconds: Double { kernels.reduce(0) { $0 + $1.row.predictedMilliseconds } }

    func share(_ milliseconds: Double) -> Double {
        self.milliseconds > 0 ? milliseconds / self.milliseconds : 0
    }
}

/// A kernel and the time of all its calls.
struct MeasuredKernel {
    let row: PlanRow
    let milliseconds: Double
    /// FLOP of a byte that has to move, operands counted once; 0 of a kernel that only copies.
    let intensity: Double
    let gigaflops: Double

    init(_ row: PlanRow, _ profile: GeneratedLibrary.Profile) {
        self.row = row
        milliseconds = row.steps.reduce(0) { $0 + profile.stepMilliseconds[$1] }
        let flops = Double(row.kernel.computation.flops * profile.batch)
        intensity = flops / Double(row.kernel.traffic.total(batch: profile.batch))
        gigaflops =
            milliseconds > 0 ? 1e-6 * flops * Double(row.steps.count) / milliseconds : 0
    }

    var title: String { "\(row.kernel.family) \(row.words.shape)" }
    var role: KernelRole { row.kernel.role }
}
