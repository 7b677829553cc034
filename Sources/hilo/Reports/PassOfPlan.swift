import HiLoKit

/// One forward pass of a plan, with what there is to say of it.
struct PassOfPlan {
    let plan: Plan
    let variant: Variant
    let pass: Pass
    /// At the pass's resolution.
    let network: Network

    init(_ plan: Plan, _ variant: Variant, _ pass: Pass) {
        self.plan = plan
        self.variant = variant
        self.pass = pass
        guard let network = try? plan.network.at(pass.resolution) else {
            preconditionFailure("a plan's passes are of resolutions that its network takes")
        }
        self.network = network
    }

    var macs: Int { variant.macs(of: pass) }
    var peakBytes: Int { variant.peakBytes(of: pass) }

    func kernel(of step: Step) -> Kernel { variant.kernels[step.kernel] }

    /// The part of the network that a step belongs to; a layer on its own is one part.
    func part(of step: Step) -> String { network.image == nil ? "layer" : step.part }
}
