import Planning
import Toolchain

extension ISA {
    /// Whether `cpu` has the instructions of kernels for this instruction set.
    public func isAvailable(on cpu: HostCPU = .current()) -> Bool {
        switch self {
        case .generic: true
        case .avx2: cpu.isaFlags.isSuperset(of: ["avx2", "fma"])
        case .avx512:
            cpu.isaFlags.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"])
        }
    }

    /// The best instruction set that `cpu` has.
    public static func native(_ cpu: HostCPU = .current()) -> ISA {
        allCases.last { $0.isAvailable(on: cpu) } ?? .generic
    }
}
