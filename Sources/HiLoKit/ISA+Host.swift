import Machines
import Toolchain

extension ISA {
    /// Whether `cpu` has the instructions of kernels for this instruction set.
    public func isAvailable(on cpu: HostCPU = .current()) -> Bool {
        (architecture == nil || architecture == .host)
            && cpu.isaFlags.isSuperset(of: features.map(\.rawValue))
    }

    /// The best instruction set that `cpu` has.
    public static func native(_ cpu: HostCPU = .current()) -> ISA {
        all.last { $0.isAvailable(on: cpu) } ?? .generic
    }
}
