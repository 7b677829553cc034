import CodeGeneration
import HiLoKit
import Kernels
import Planning
import Synchronization

/// The packed weights of plans that differ in a few layers: a block is packed once, whichever plans have it.
final class PackedBlocks: Sendable {
    private let weights: WeightSource.Matched
    private let calibration: Calibration
    private let known = Mutex<[Packing: [Float]]>([:])

    init(_ weights: WeightSource.Matched, _ calibration: Calibration) {
        self.weights = weights
        self.calibration = calibration
    }

    /// What writes the weights of a plan.
    func generator(_ plan: Plan) -> LibraryGenerator {
        let packer = WeightPacker(weights.weights, plan, calibration: calibration)
        return LibraryGenerator(plan, origin: "comparison") { [self] tensor in
            // What a block holds follows from its packing: all products that read a tensor are on integers, or
            // none is.
            if let values = known.withLock({ $0[tensor.packing] }) { return values }
            let values = packer.values(of: tensor)
            known.withLock { $0[tensor.packing] = values }
            return values
        }
    }
}
